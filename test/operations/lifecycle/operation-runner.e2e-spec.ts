import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import {
  type OperationKind,
  type OperationRun,
  TOOLS,
  type Tools,
} from '../../../src/operations/lifecycle/operation-kind';
import { OperationRunner } from '../../../src/operations/lifecycle/operation-runner';
import {
  findClaimable,
  findOperation,
  queueOperation,
} from '../../../src/operations/lifecycle/operation-store';
import { TargetError } from '../../../src/files/targets.errors';
import { newId } from '../../../src/common/ids';
import { withClient } from '../../support/database';
import { useTestApp } from '../../support/test-app';
import { untilTrue } from '../../support/until';

describe('OperationRunner', () => {
  const app = useTestApp();
  const input = z.object({ fails: z.boolean().default(false) });
  const undone: string[] = [];
  /** Counts to three with a checkpoint after each, and waits at the second while `gate` is closed. */
  const kind = (steps: number[], gate: () => boolean = () => true): OperationKind => ({
    name: 'count',
    input,
    async run(run: OperationRun, given: object, checkpoint: { at?: number }) {
      for (let at = (checkpoint.at ?? 0) + 1; at <= 3; at++) {
        while (at === 2 && !gate()) {
          run.signal.throwIfAborted();
          await sleep(10);
        }
        if (at === 3 && (given as { fails: boolean }).fails) throw new Error('three is too much');
        steps.push(at);
        run.report({ step: `step ${at}`, done: at, total: 3 });
        await run.save({ at });
      }
      return { counted: 3 };
    },
    undo: (run) => Promise.resolve(void undone.push(run.operation.id)),
  });
  const only = (run: OperationKind['run'], undo: OperationKind['undo'] = () => Promise.resolve()) => ({
    ...{ name: 'count', input, run, undo },
  });
  const runnerOf = (...kinds: OperationKind[]) => new OperationRunner(app.app.get<Tools>(TOOLS), kinds);
  const onDatabase = <T>(work: Parameters<typeof withClient<T>>[1]) => withClient(app.database.url, work);
  const queue = (given: object = {}, shop: { id: string; slug: string } | null = null, isExclusive = false) =>
    onDatabase((client) =>
      queueOperation(client, {
        kind: 'count',
        shop,
        by: { kind: 'command', id: null },
        input: given,
        isExclusive,
      }),
    );
  const claimable = async (...kinds: string[]) =>
    (await onDatabase((client) => findClaimable(client, kinds))).map(({ id }) => id);
  const read = async (id: string) => (await onDatabase((client) => findOperation(client, id)))!;

  const isAtOne = async (id: string) => JSON.stringify((await read(id)).checkpoint) === '{"at":1}';

  it('runs an operation once, however many runners want it', async () => {
    const id = await queue();
    const steps: number[] = [];
    const ends = await Promise.all(Array.from({ length: 5 }, () => runnerOf(kind(steps)).run(id)));
    expect(ends.filter((end) => end !== null)).toHaveLength(1);
    expect(steps).toEqual([1, 2, 3]);
    expect(await read(id)).toMatchObject({
      state: 'done',
      result: { counted: 3 },
      step: 'step 3',
      done: 3,
      attempts: 1,
    });
  });

  it('records a failure after the undo', async () => {
    const id = await queue({ fails: true });
    await runnerOf(kind([])).run(id);
    expect(await read(id)).toMatchObject({ state: 'failed', error: { message: 'three is too much' } });
    expect(undone).toContain(id);
  });

  it.each([
    ['the place is away.', 'the place is away; what it left could not be removed, for the same reason.'],
    ['it is locked.', 'the place is away; what it left could not be removed, because: it is locked.'],
  ])('says once why the undo failed: %s', async (undoing, message) => {
    const id = await queue();
    const away = new TargetError('BACKUP_TARGET_UNREACHABLE', 'the place is away.');
    const failing = only(
      () => Promise.reject(away),
      () => Promise.reject(undoing === away.text ? away : new Error(undoing)),
    );
    await runnerOf(failing).run(id);
    expect(await read(id)).toMatchObject({
      ...{ state: 'failed', error: { code: 'BACKUP_TARGET_UNREACHABLE', message } },
    });
  });

  it('goes on from the checkpoint after a runner that died', async () => {
    const id = await queue();
    const steps: number[] = [];
    let isOpen = false;
    const first = runnerOf(kind(steps, () => isOpen)).run(id);
    await untilTrue(() => isAtOne(id));
    await app.database.query(`UPDATE operations SET seen_at = now() - interval '1 minute' WHERE id = $1`, [
      id,
    ]);
    expect(await claimable('count')).toContain(id);
    const rest: number[] = [];
    await runnerOf(kind(rest)).run(id);
    isOpen = true;
    await expect(first).rejects.toThrow('another runner');
    expect(rest).toEqual([2, 3]);
    expect(await read(id)).toMatchObject({ state: 'done', attempts: 2 });
    expect(undone).not.toContain(id);
  });

  it('is returned to the queue when its process stops, and undone when it is cancelled', async () => {
    const [stopped, cancelled] = [await queue(), await queue()];
    const stop = new AbortController();
    const stopping = runnerOf(kind([], () => false)).run(stopped, { signal: stop.signal });
    const cancelling = runnerOf(kind([], () => false)).run(cancelled);
    await untilTrue(async () => (await isAtOne(stopped)) && (await isAtOne(cancelled)));
    stop.abort();
    await app.database.query('UPDATE operations SET cancel_wanted = true WHERE id = $1', [cancelled]);
    await Promise.all([stopping, cancelling]);
    expect(await read(stopped)).toMatchObject({ state: 'queued', runner: null, checkpoint: { at: 1 } });
    expect(undone).not.toContain(stopped);
    expect(await read(cancelled)).toMatchObject({ state: 'cancelled' });
    expect(undone).toContain(cancelled);
  });

  it('is no failed attempt when its process stops, and keeps its lease through a long transaction', async () => {
    const id = await queue();
    const stop = new AbortController();
    stop.abort();
    await runnerOf(kind([])).run(id, { signal: stop.signal });
    expect(await read(id)).toMatchObject({ state: 'queued', attempts: 0 });
    const long = only(async (run) => {
      await onDatabase(async (client) => {
        await client.query('BEGIN; SELECT pg_sleep(0.3)');
        await run.save({}, client);
        const { rows } = await client.query<{ ok: boolean }>(
          `SELECT seen_at > now() + interval '0.2 seconds' AS ok FROM operations WHERE id = $1`,
          [id],
        );
        expect(rows).toEqual([{ ok: true }]);
        await client.query('COMMIT');
      });
      return {};
    });
    await runnerOf(long).run(id);
    expect(await read(id)).toMatchObject({ state: 'done' });
  });

  it('is not taken by another runner than the one it was recorded for', async () => {
    const mine = newId();
    const id = await onDatabase((client) =>
      queueOperation(
        client,
        { kind: 'count', shop: null, by: { kind: 'command', id: null }, input: {}, isExclusive: false },
        mine,
      ),
    );
    expect(await claimable('count')).not.toContain(id);
    expect(await runnerOf(kind([])).run(id)).toBeNull();
    expect(await runnerOf(kind([])).run(id, { runner: mine })).toMatchObject({ state: 'done', attempts: 1 });
  });

  it('is left to programs that know its kind', async () => {
    const id = await queue();
    expect(await claimable('count')).toContain(id);
    expect(await claimable('backup')).not.toContain(id);
  });

  it('cannot be cancelled once what is served has changed', async () => {
    const id = await queue();
    const stop = new AbortController();
    const late = only(async (run) => {
      await run.save({ result: { counted: 0 } });
      stop.abort();
      run.signal.throwIfAborted();
      return { counted: 0 };
    });
    await runnerOf(late).run(id, { signal: stop.signal, onStop: 'cancel' });
    expect(await read(id)).toMatchObject({ state: 'done', result: { counted: 0 } });
  });

  it('undoes what is stored, not what a transaction that failed would have stored', async () => {
    const id = await queue();
    const seen: object[] = [];
    const failing = only(
      async (run) => {
        await run.save({ tenant: 1 });
        await onDatabase(async (client) => {
          await client.query('BEGIN');
          await run.save({ tenant: 1, result: {} }, client);
          await client.query('ROLLBACK');
        });
        throw new Error('COMMIT failed');
      },
      (_run, _input, checkpoint) => Promise.resolve(void seen.push(checkpoint)),
    );
    await runnerOf(failing).run(id);
    expect(seen).toEqual([{ tenant: 1 }]);
    expect(await read(id)).toMatchObject({ state: 'failed', error: { message: 'COMMIT failed' } });
  });

  it('goes on with the undo, and not with the work, after a runner that died or stopped in it', async () => {
    const id = await queue();
    const stop = new AbortController();
    let [works, undos] = [0, 0];
    const failing = only(
      () => {
        works++;
        return Promise.reject(new Error('no'));
      },
      (run) => {
        if (undos++ > 0) return Promise.resolve();
        stop.abort();
        return Promise.reject(run.signal.reason as Error);
      },
    );
    await runnerOf(failing).run(id, { signal: stop.signal, onStop: 'release' });
    expect(await read(id)).toMatchObject({ state: 'queued', error: { message: 'no' } });
    await app.database.query(
      `UPDATE operations SET state = 'running', seen_at = now() - interval '1 minute' WHERE id = $1`,
      [id],
    );
    await runnerOf(failing).run(id);
    expect([works, undos]).toEqual([1, 2]);
    expect(await read(id)).toMatchObject({ state: 'failed', error: { message: 'no' } });
  });

  it('lets an undo run to its end when it is cancelled meanwhile', async () => {
    const id = await queue();
    const stop = new AbortController();
    const failing = only(
      () => Promise.reject(new Error('no')),
      (run) => {
        stop.abort();
        run.signal.throwIfAborted();
        return Promise.resolve();
      },
    );
    await runnerOf(failing).run(id, { signal: stop.signal, onStop: 'cancel' });
    expect(await read(id)).toMatchObject({ state: 'failed', error: { message: 'no' } });
  });

  it('ends well although the connection of its heartbeat was cut', async () => {
    const id = await queue();
    const cut = only(async () => {
      await app.database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stoa operation'`,
      );
      return {};
    });
    await runnerOf(cut).run(id);
    expect(await read(id)).toMatchObject({ state: 'done' });
  });

  it('ends an operation that keeps ending its runners', async () => {
    const id = await queue();
    await app.database.query('UPDATE operations SET attempts = 5 WHERE id = $1', [id]);
    await runnerOf(kind([])).run(id);
    expect(await read(id)).toMatchObject({ state: 'failed' });
  });

  it('refuses a second exclusive operation of a shop while one is open', async () => {
    const shop = { id: newId(), slug: 'a' };
    const first = await queue({}, shop, true);
    await expect(queue({}, shop, true)).rejects.toMatchObject({ kind: { code: 'OPERATION_IN_PROGRESS' } });
    await queue({}, shop);
    await runnerOf(kind([])).run(first);
    await queue({}, shop, true);
  });
});
