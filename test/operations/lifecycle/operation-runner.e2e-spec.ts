import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createLogger } from '../../../src/common/logger';
import { type Env, ENV } from '../../../src/config/env';
import { type Installation, INSTALLATION } from '../../../src/database/installation';
import type { OperationKind, OperationRun } from '../../../src/operations/lifecycle/operation-kind';
import { OperationRunner } from '../../../src/operations/lifecycle/operation-runner';
import {
  findClaimable,
  findOperation,
  queueOperation,
} from '../../../src/operations/lifecycle/operation-store';
import { newId } from '../../../src/common/ids';
import { TenantMigrations } from '../../../src/tenancy/tenant-migrations';
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
  const runnerOf = (...kinds: OperationKind[]) =>
    new OperationRunner(
      {
        installation: app.app.get<Installation>(INSTALLATION),
        migrations: app.app.get(TenantMigrations),
        env: app.app.get<Env>(ENV),
        logger: createLogger('silent'),
      },
      kinds,
    );
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

  it('goes on from the checkpoint after a runner that died', async () => {
    const id = await queue();
    const steps: number[] = [];
    let isOpen = false;
    const first = runnerOf(kind(steps, () => isOpen)).run(id);
    await untilTrue(() => isAtOne(id));
    await app.database.query(`UPDATE operations SET seen_at = now() - interval '1 minute' WHERE id = $1`, [
      id,
    ]);
    expect(await onDatabase(findClaimable)).toContain(id);
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
