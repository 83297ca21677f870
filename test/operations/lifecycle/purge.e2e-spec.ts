import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { dropReplaced, purgeDeleted } from '../../../src/operations/lifecycle/queue-removals';
import { ShopStatusService } from '../../../src/public/shops/shop-status.service';
import { BY_COMMAND } from '../../../src/tenancy/audit-log';
import { TOOLS, type Tools } from '../../../src/operations/lifecycle/operation-kind';
import {
  newMember,
  newOrder,
  newOwner,
  newProduct,
  newShop,
  type Owner,
  PASSWORD,
} from '../../support/factories';
import { backUp, operate, rowsOf, runnerOf, useBackupFolder } from '../../support/lifecycle';
import { problemIn } from '../../support/problem';
import { CACHE_TIMES, size } from '../../support/sizes';
import { useTestApp } from '../../support/test-app';
import { until, untilTrue } from '../../support/until';
import { leftOf, makeTarget, type Target, watchLocks } from './removed-shop';

const TABLES = size('PURGED_TABLES', 60, 300);
const LOGINS = 50;

const folder = useBackupFolder();
const app = useTestApp(
  { BACKUP_TARGET: folder.path, WARM_TENANTS: '0', DELETED_DAYS: '30' },
  { times: CACHE_TIMES },
);

const status = () => app.app.get(ShopStatusService);
const files = () => readdirSync(folder.path).toSorted();

/** Deletes a shop, some days ago. */
async function remove(id: string, days = 1): Promise<void> {
  await status().remove(id, BY_COMMAND);
  await app.database.query(`UPDATE shops SET deleted_at = now() - interval '${days} days' WHERE id = $1`, [
    id,
  ]);
}
const purge = ({ id, slug }: { id: string; slug: string }, isArchived = true) =>
  operate(app, { kind: 'purge', shop: { id, slug }, isExclusive: true, input: { shop: id, isArchived } });

/** Tables of public that still name the shop. */
async function leftInPublic(id: string): Promise<string[]> {
  const tables = await app.database.query<{ name: string; column: string }>(
    `SELECT c.relname AS name, a.attname AS column FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.atttypid = 'uuid'::regtype AND a.attnum > 0`,
  );
  const left: string[] = [];
  for (const { name, column } of tables) {
    const found = await app.database.query(`SELECT FROM public.${name} WHERE ${column} = $1`, [id]);
    if (found.length > 0) left.push(name);
  }
  return left.toSorted();
}

async function sellingShop(): Promise<Owner> {
  const owner = await newOwner(app.api);
  await newOrder(owner.api, (await newProduct(owner.api)).id);
  return owner;
}

describe('the purge of a deleted shop', () => {
  it('leaves a last backup, a tombstone and the audit log, and nothing else', async () => {
    const owner = await sellingShop();
    const other = await sellingShop();
    const otherRows = await rowsOf(app, other.shop.id);
    const target = await targetOf(owner);
    await newMember(owner);
    await owner.api.patch(`shops/${target.id}`, { slug: `${owner.shop.slug}-new` });
    const early = await backUp(app, folder.path, target.id);
    const rows = await rowsOf(app, target.id);
    await remove(target.id);
    const { state, result, error } = await purge({ id: target.id, slug: `${owner.shop.slug}-new` });
    expect([state, error]).toEqual(['done', null]);
    const { archive } = result as { archive: string };
    expect(await leftOf(app, target)).toEqual([]);
    expect(await leftInPublic(target.id)).toEqual(['audit_log', 'backups', 'operations', 'removed_shops']);
    expect(existsSync(early)).toBe(false);
    expect(archive).toContain(`${owner.shop.slug}-new.final.`);
    expect(files()).toEqual([archive.split('/').at(-1)]);
    expect(await app.database.query('SELECT is_archive FROM backups')).toEqual([{ is_archive: true }]);
    expect(
      await app.database.query(`SELECT slug, archive FROM removed_shops WHERE id = $1`, [target.id]),
    ).toEqual([{ slug: `${owner.shop.slug}-new`, archive }]);
    expect(await rowsOf(app, other.shop.id)).toEqual(otherRows);
    await newOrder(other.api, (await newProduct(other.api)).id);
    const restored = await operate(app, {
      kind: 'restore',
      input: { file: archive, as: null, over: null, tables: null },
    });
    expect(restored).toMatchObject({
      state: 'done',
      error: null,
      result: { slug: `${owner.shop.slug}-new` },
    });
    expect(await rowsOf(app, (restored.result as { id: string }).id)).toEqual(rows);
  });

  it('leaves the sessions of its members, who have other shops', async () => {
    const owner = await sellingShop();
    const second = await newShop(owner);
    const { body } = await second.api.post('auth/switch', {
      shopId: owner.shop.id,
      refreshToken: second.refreshToken,
    });
    await remove(owner.shop.id);
    await purge(owner.shop, false);
    const refreshed = await app.api.post('auth/refresh', { refreshToken: body.refreshToken });
    expect(refreshed.status).toBe(200);
    expect(refreshed.body.shop).toBeNull();
    expect(refreshed.body.shops.map(({ id }: { id: string }) => id)).toEqual([second.shop.id]);
    const refused = await until(
      () => owner.api.get('products'),
      ({ status: code }) => code === 403, // what processes remember of a deletion of days ago would be over
    );
    expect(problemIn(refused)).toBe('403 NOT_A_MEMBER');
  });

  it('leaves no file at all without an archive, and its slug is free', async () => {
    const owner = await sellingShop();
    const early = await backUp(app, folder.path, owner.shop.id);
    await remove(owner.shop.id);
    expect(await purge(owner.shop, false)).toMatchObject({ state: 'done', result: { archive: null } });
    expect(existsSync(early)).toBe(false);
    expect(await app.database.query('SELECT FROM backups WHERE shop_id = $1', [owner.shop.id])).toEqual([]);
    expect((await newOwner(app.api, { slug: owner.shop.slug })).shop.slug).toBe(owner.shop.slug);
  });

  it('removes the data of before a restore', async () => {
    const owner = await sellingShop();
    const file = await backUp(app, folder.path, owner.shop.id);
    const { id, slug } = owner.shop;
    const input = { file, as: null, over: id, tables: null };
    for (let i = 0; i < 2; i++)
      expect(
        (await operate(app, { kind: 'restore', shop: { id, slug }, isExclusive: true, input })).error,
      ).toBeNull();
    const held = await app.database.query<{ id: string }>(
      `SELECT shop_id AS id FROM held_tenants WHERE of_shop = $1`,
      [id],
    );
    expect(held).toHaveLength(2);
    await remove(id);
    await purge(owner.shop);
    for (const one of [{ id }, ...held]) expect(await schemaOf(one.id)).toEqual([]);
    expect(await app.database.query('SELECT FROM held_tenants')).toEqual([]);
  });

  it('is refused for a shop that is not deleted, and changes nothing', async () => {
    const owner = await sellingShop();
    const rows = await rowsOf(app, owner.shop.id);
    expect(await purge(owner.shop)).toMatchObject({ state: 'failed' });
    expect(await rowsOf(app, owner.shop.id)).toEqual(rows);
    await newProduct(owner.api);
  });

  it('waits for what members still write, which the archive has', async () => {
    const owner = await sellingShop();
    await status().remove(owner.shop.id, BY_COMMAND);
    const started = await app.database.query<{ at: Date }>(
      'SELECT deleted_at AS at FROM shops WHERE id = $1',
      [owner.shop.id],
    );
    const { result } = await purge(owner.shop);
    const [row] = await app.database.query<{ at: Date }>(
      'SELECT snapshot_at AS at FROM backups WHERE shop_id = $1',
      [owner.shop.id],
    );
    expect(row!.at.getTime() - started[0]!.at.getTime()).toBeGreaterThanOrEqual(6000); // longer than access is cached
    expect(result).toMatchObject({ archive: expect.any(String) });
  });
});

describe('a purge that is cancelled', () => {
  it('before the shop has left public changes nothing: it can be undeleted', async () => {
    const owner = await sellingShop();
    const rows = await rowsOf(app, owner.shop.id);
    await remove(owner.shop.id);
    const { id, slug } = owner.shop;
    const stop = new AbortController();
    const before = files();
    const ended = await operate(
      app,
      { kind: 'purge', shop: { id, slug }, isExclusive: true, input: { shop: id, isArchived: true } },
      {
        signal: stop.signal,
        onStop: 'cancel',
        onProgress: ({ step }) => step === 'leave public' && stop.abort(),
      },
    );
    expect(ended.state).toBe('cancelled');
    expect(files()).toEqual(before);
    expect(await status().undelete(id, BY_COMMAND)).toMatchObject({ status: 'active' });
    expect(await rowsOf(app, id)).toEqual(rows);
    await untilTrue(async () => (await owner.api.get('products')).status === 200);
  });

  it('afterwards goes on to its end', async () => {
    const owner = await sellingShop();
    const target = await targetOf(owner);
    await remove(target.id);
    const { id, slug } = owner.shop;
    const stop = new AbortController();
    const ended = await operate(
      app,
      { kind: 'purge', shop: { id, slug }, isExclusive: true, input: { shop: id, isArchived: false } },
      {
        signal: stop.signal,
        onStop: 'cancel',
        onProgress: ({ step, done }) => step === 'remove data' && done === 3 && stop.abort(),
      },
    );
    expect(stop.signal.aborted).toBe(true);
    expect(ended).toMatchObject({ state: 'done', error: null });
    expect(await leftOf(app, target)).toEqual([]);
  });

  it('afterwards, by a request that waits for its next runner, goes on to its end', async () => {
    const owner = await sellingShop();
    const target = await targetOf(owner);
    await remove(target.id);
    const { id, slug } = owner.shop;
    const stop = new AbortController();
    const ended = await operate(
      app,
      { kind: 'purge', shop: { id, slug }, isExclusive: true, input: { shop: id, isArchived: false } },
      {
        signal: stop.signal,
        onStop: 'release',
        onProgress: ({ step, done }) => step === 'remove data' && done === 3 && stop.abort(),
      },
    );
    expect(ended.state).toBe('queued');
    await app.database.query('UPDATE operations SET cancel_wanted = true WHERE id = $1', [ended.id]);
    expect(await runnerOf(app).run(ended.id)).toMatchObject({ state: 'done' });
    expect(await leftOf(app, target)).toEqual([]);
  });

  it('does not take place once the shop was undeleted', async () => {
    const owner = await sellingShop();
    await remove(owner.shop.id);
    const { id, slug } = owner.shop;
    let undeleting: Promise<unknown> | undefined;
    const ended = await operate(
      app,
      { kind: 'purge', shop: { id, slug }, isExclusive: true, input: { shop: id, isArchived: true } },
      {
        onProgress: ({ step }) => {
          if (step === 'archive') undeleting ??= status().undelete(id, BY_COMMAND);
        },
      },
    );
    await undeleting;
    expect(ended).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining('not deleted any more') },
    });
    expect(files().filter((name) => name.startsWith(`${slug}.final.`))).toEqual([]);
    await untilTrue(async () => (await owner.api.get('products')).status === 200);
  });
});

describe('the schedule', () => {
  const tools = () => app.app.get<Tools>(TOOLS);

  it('records the purge of shops that were deleted longer ago than DELETED_DAYS, once', async () => {
    const [old, young] = await Promise.all([sellingShop(), sellingShop()]);
    await remove(old.shop.id, 31);
    await remove(young.shop.id, 29);
    const ids = await purgeDeleted(tools());
    expect(await purgeDeleted(tools())).toEqual([]);
    const found = await app.database.query(
      'SELECT kind, shop_id, by_kind, state FROM operations WHERE id = ANY ($1)',
      [ids],
    );
    expect(found).toEqual([{ kind: 'purge', shop_id: old.shop.id, by_kind: 'schedule', state: 'queued' }]);
    expect(await runnerOf(app).run(ids[0]!)).toMatchObject({ state: 'done' });
    expect(await schemaOf(old.shop.id)).toEqual([]);
    expect(await schemaOf(young.shop.id)).toHaveLength(1);
  });

  it('records the removal of data that a restore replaced 30 days ago', async () => {
    const owner = await sellingShop();
    const { id, slug } = owner.shop;
    const file = await backUp(app, folder.path, id);
    const input = { file, as: null, over: id, tables: null };
    for (let i = 0; i < 2; i++)
      await operate(app, { kind: 'restore', shop: { id, slug }, isExclusive: true, input });
    const rows = await rowsOf(app, id);
    const [old, young] = await app.database.query<{ id: string }>(
      'SELECT shop_id AS id FROM held_tenants WHERE of_shop = $1 ORDER BY held_at',
      [id],
    );
    await app.database.query(
      `UPDATE held_tenants SET held_at = now() - interval '31 days' WHERE shop_id = $1`,
      [old!.id],
    );
    const ids = await dropReplaced(tools());
    expect(await dropReplaced(tools())).toEqual([]);
    expect(ids).toHaveLength(1);
    expect(await runnerOf(app).run(ids[0]!)).toMatchObject({ state: 'done' });
    expect(await schemaOf(old!.id)).toEqual([]);
    expect(await schemaOf(young!.id)).toHaveLength(1);
    expect(await rowsOf(app, id)).toEqual(rows);
  });
});

describe('the purge of a shop of many tables', () => {
  it(`lets ${LOGINS} people log in and others register: no lock on public beyond single rows`, async () => {
    const target = await makeTarget(app, TABLES);
    const users = await Promise.all(Array.from({ length: 5 }, () => newOwner(app.api)));
    await remove(target.id);
    let isOver = false;
    const statuses: number[] = [];
    const logIn = async (i: number) => {
      while (!isOver) {
        const { email } = users[i % users.length]!.user;
        const answers = await Promise.all([
          app.api.post('auth/login', { email, password: PASSWORD }),
          users[i % users.length]!.api.get('products'),
        ]);
        statuses.push(...answers.map((answer) => answer.status));
        await sleep(20);
      }
    };
    const register = async () => {
      for (let i = 0; !isOver; i++) {
        const answer = await app.api.post('auth/register', {
          email: `${i}@busy.example.com`,
          password: PASSWORD,
          shop: { name: 'Busy' },
        });
        statuses.push(answer.status);
      }
    };
    const load = [...Array.from({ length: LOGINS }, (_, i) => logIn(i)), register()];
    const { slug } = target.owner.shop;
    const seen = await watchLocks(app, () => purge({ id: target.id, slug }), [
      'stoa purge',
      'stoa remove tenant',
    ]).finally(() => (isOver = true));
    await Promise.all(load);
    expect(await leftOf(app, target)).toEqual([]);
    expect(new Set(statuses)).toEqual(new Set([200, 201]));
    expect(statuses.length).toBeGreaterThan(LOGINS);
    expect(seen.samples).toBeGreaterThan(3);
    expect(seen.longestMs).toBeLessThan(1000);
    expect(seen.publicModes).toContain('RowExclusiveLock');
    expect(
      seen.publicModes.filter((mode) => !/^(AccessShare|RowShare|RowExclusive)Lock$/.test(mode)),
    ).toEqual([]);
  }, 240_000);
});

async function targetOf(owner: Owner): Promise<Target> {
  const id: string = owner.shop.id;
  const schema = `shop_${id.replaceAll('-', '')}`;
  const [found] = await app.database.query<{ namespace: number; role: number }>(
    `SELECT to_regnamespace('${schema}')::oid AS namespace, to_regrole('${schema}')::oid AS role`,
  );
  return { id, schema, owner, ...found! };
}

function schemaOf(id: string): Promise<object[]> {
  return app.database.query('SELECT FROM pg_namespace WHERE nspname = $1', [
    `shop_${id.replaceAll('-', '')}`,
  ]);
}
