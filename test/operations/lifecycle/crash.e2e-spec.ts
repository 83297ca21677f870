import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../../../src/common/ids';
import { type Env, ENV } from '../../../src/config/env';
import { type Installation, INSTALLATION } from '../../../src/database/installation';
import type { Roles } from '../../../src/database/roles';
import { examine } from '../../../src/operations/drift/doctor';
import type { Operation } from '../../../src/operations/lifecycle/operation.entity';
import type { ExportResult } from '../../../src/operations/lifecycle/kinds/export.kind';
import { TOOLS, type Tools } from '../../../src/operations/lifecycle/operation-kind';
import { findOperation, queueOperation } from '../../../src/operations/lifecycle/operation-store';
import { reconcile } from '../../../src/operations/lifecycle/reconcile/reconcile';
import { TenantLocator } from '../../../src/tenancy/tenant-locator';
import { withClient } from '../../support/database';
import { newOwner, newProduct, type Owner, PASSWORD } from '../../support/factories';
import { backUp, operate, rowsOf, runnerOf, useBackupFolder } from '../../support/lifecycle';
import { runCli, scratchFolder } from '../../support/program';
import { OPERATION_KILLS as KILLS } from '../../support/sizes';
import { useTestApp } from '../../support/test-app';
import { untilTrue } from '../../support/until';
import { unzip } from '../../support/unzip';

/** Products of the shop: enough for every step to last some time. */
const PRODUCTS = 1500;
const OTHERS_PRODUCTS = 100;
const IMAGES = 250;

const folder = useBackupFolder();
const place = scratchFolder();
const app = useTestApp({ BACKUP_TARGET: folder.path, FILES_TARGET: place });
let [shop, ...others] = [] as unknown as [Owner, Owner, Owner];
let file: string;
let saved: Record<string, string[]>;
/** Findings about the server under test, which may be any. */
let usual: string[];

beforeAll(async () => {
  shop = await newOwner(app.api, { name: 'Victim' });
  others = [await newOwner(app.api), await newOwner(app.api)];
  await fill(shop, PRODUCTS);
  for (const owner of others) await fill(owner, OTHERS_PRODUCTS);
  await addImages(shop);
  file = await backUp(app, folder.path, shop.shop.id);
  saved = await rowsOf(app, shop.shop.id);
  usual = await findings();
}, 120_000);

/** An access token of before has expired by then, at full size. */
beforeEach(async () => {
  const { email } = shop;
  const { body } = await app.api.post('auth/login', { email, password: PASSWORD, shopId: shop.shop.id });
  shop.api = app.api.as(body.accessToken);
});

async function fill({ api, shop: { id } }: Owner, products: number): Promise<void> {
  await newProduct(api);
  const { schema } = new TenantLocator().locate(id);
  await app.database.query(
    `INSERT INTO ${schema}.products (id, handle, name, description, currency, status)
     SELECT gen_random_uuid(), 'p-' || i, 'Product', (SELECT string_agg(md5(i::text || j::text), '') FROM generate_series(1, 60) j),
       'USD', 'active' FROM generate_series(1, ${products}) i`,
  );
}

/** Gives a product of the shop images with files. */
async function addImages({ shop: { id } }: Owner): Promise<void> {
  const { schema } = new TenantLocator().locate(id);
  mkdirSync(imagesOf(id), { recursive: true });
  const names = Array.from({ length: IMAGES }, () => `${newId()}.png`);
  for (const name of names) writeFileSync(path.join(imagesOf(id), name), name);
  await app.database.query(
    `UPDATE ${schema}.products SET images = (SELECT jsonb_agg(jsonb_build_object(
       'src', '/api/v1/products/' || products.id || '/images/' || name, 'position', at, 'alt', null) ORDER BY at)
       FROM unnest($1::text[]) WITH ORDINALITY names (name, at)) WHERE handle = 'p-1'`,
    [names],
  );
}

const imagesOf = (shopId: string) => path.join(place, 'shops', shopId, 'images');
/** Content of the whole images of a shop, by name, which is their content. */
const wholeImages = (shopId: string) =>
  readdirSync(imagesOf(shopId))
    .filter((name) => !name.endsWith('.partial'))
    .map((name) => [name, readFileSync(path.join(imagesOf(shopId), name), 'utf8')]);

/** Expects that this copy has the images, and that there are no files of any copy that is not a shop. */
async function expectImages(made: readonly { id: string }[], isOver: boolean): Promise<void> {
  for (const { id } of made) expect(wholeImages(id)).toEqual(wholeImages(shop.shop.id));
  if (!isOver) return;
  const shops = await app.database.query<{ id: string }>('SELECT id FROM shops');
  expect(shops.map(({ id }) => id)).toEqual(expect.arrayContaining(readdirSync(path.join(place, 'shops'))));
}

async function findings(): Promise<string[]> {
  const { findings: found } = await examine(app.app.get<Installation>(INSTALLATION), app.app.get<Env>(ENV));
  return found.map(({ check, object, shop: slug, detail }) => `${check} ${slug} ${object} ${detail}`);
}

const shopOf = ({ shop: { id, slug } }: Owner) => ({ id, slug });
const queue = (kind: string, input: object, of: Owner | null) =>
  withClient(app.database.url, (client) =>
    queueOperation(client, {
      ...{ kind, input, by: { kind: 'command', id: null } as const },
      ...{ shop: of === null ? null : shopOf(of), isExclusive: of !== null },
    }),
  );
const read = async (id: string) =>
  (await withClient(app.database.url, (client) => findOperation(client, id)))!;

/** Starts a process that runs the operation, and kills it some time after it has begun this step. @returns its last step */
async function killIn(id: string, step: string, moreMs: number): Promise<string> {
  const child = fork(path.join(__dirname, 'operation-process.js'), [
    JSON.stringify({ url: app.database.url, id, target: folder.path, files: place }),
  ]);
  let last = '';
  const reached = new Promise<void>((resolve) => {
    child.on('message', (message: { step: string; done: number }) => {
      last = message.step;
      if (message.step === step || message.step.startsWith('end')) resolve();
    });
    child.on('exit', () => resolve());
  });
  await reached;
  await sleep(moreMs);
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  await untilTrue(async () => (await backends()).length === 0);
  return last;
}

const environment = () => ({
  DATABASE_URL: app.database.url,
  BACKUP_TARGET: folder.path,
  FILES_TARGET: place,
});

/** Connections of the killed process; the server notices within a second, and then executes nothing more. */
const backends = () =>
  app.database.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'stoa %'
       AND application_name NOT IN ('stoa public', 'stoa admin', 'stoa tenant')`,
  );

/** Goes on as another runner does after 15 s: a worker, or a person by command. */
async function goOn(id: string, how: 'worker' | 'command'): Promise<Operation> {
  const { state } = await read(id);
  if (state === 'running' || state === 'queued') {
    await app.database.query(`UPDATE operations SET seen_at = now() - interval '1 minute' WHERE id = $1`, [
      id,
    ]);
    if (how === 'worker' || state === 'queued') await runnerOf(app).run(id);
    else await runCli(['operations:retry', id], { env: environment() });
  }
  return read(id);
}

async function expectNothingLeft(): Promise<void> {
  expect(
    await app.database.query(`SELECT shop_id, reason FROM held_tenants WHERE reason <> 'replaced'`),
  ).toEqual([]);
  expect(readdirSync(folder.path).filter((name) => name.endsWith('.partial'))).toEqual([]);
  expect(await findings()).toEqual(usual);
  expect(await reconciled(false)).toEqual([]);
}

function reconciled(isFix: boolean): Promise<object[]> {
  const tools = app.app.get<Tools>(TOOLS);
  return reconcile(tools, { isFix, signal: new AbortController().signal });
}

/**
 * Kills a runner of each operation at a random moment of one of its steps, in turn; then another goes on, and every third time the
 * operation is cancelled instead.
 * @param begin makes the operation. @returns its id, and what must hold after the kill and after the end
 */
async function killAll(
  steps: readonly string[],
  begin: (round: number) => Promise<{ id: string; check: (state: Operation['state']) => Promise<void> }>,
): Promise<void> {
  const seen = new Map<string, number>();
  for (let round = 0; round < KILLS; round++) {
    const untouched = await Promise.all(others.map((owner) => rowsOf(app, owner.shop.id)));
    const { id, check } = await begin(round);
    const last = await killIn(id, steps[round % steps.length]!, Math.random() * 120);
    seen.set(last, (seen.get(last) ?? 0) + 1);
    await check('running');
    const isCancelled = round % 3 === 2;
    if (isCancelled)
      await app.database.query('UPDATE operations SET cancel_wanted = true WHERE id = $1', [id]);
    const { state } = await goOn(id, isCancelled || round > 0 ? 'worker' : 'command');
    expect(isCancelled ? ['done', 'cancelled'] : ['done']).toContain(state);
    await check(state);
    expect(await Promise.all(others.map((owner) => rowsOf(app, owner.shop.id)))).toEqual(untouched);
    await expectNothingLeft();
  }
  const named = [...seen].map(([step, times]) => `${step} ${times}`).join(', ');
  process.stdout.write(`killed in: ${named}\n`);
  expect(seen.size).toBeGreaterThan(KILLS < 20 ? 0 : 1); // a few random moments may all be in one step
}

describe(`a runner that is killed, ${KILLS} times`, () => {
  it('leaves a backup that another completes: a whole file of each shop', async () => {
    await killAll(['begin', 'copy'], async () => {
      const input = { target: folder.path, keep: null, isEncrypted: false, concurrency: 2 };
      const shops = [shop, ...others].map((owner) => owner.shop.id);
      const id = await queue('backup', { ...input, shops }, null);
      return {
        id,
        check: async (state) => {
          const rows = await app.database.query<{ file: string; shop: string }>(
            'SELECT file, shop_id AS shop FROM backups WHERE operation_id = $1',
            [id],
          );
          if (state === 'done') expect(new Set(rows.map((row) => row.shop))).toEqual(new Set(shops));
          if (state === 'running') return;
          const all = await app.database.query<{ file: string }>('SELECT file FROM backups');
          expect(readdirSync(folder.path).toSorted()).toEqual(all.map((row) => row.file).toSorted());
        },
      };
    });
    const [{ newest } = { newest: '' }] = await app.database.query<{ newest: string }>(
      'SELECT file AS newest FROM backups WHERE shop_id = $1 ORDER BY snapshot_at DESC LIMIT 1',
      [shop.shop.id],
    );
    const input = { file: path.join(folder.path, newest), as: 'from-newest', over: null, tables: null };
    const { result } = await operate(app, { kind: 'restore', input });
    expect(await rowsOf(app, (result as { id: string }).id)).toEqual(saved);
  }, 1_800_000);

  it('leaves no half shop of a restore to a new shop', async () => {
    await killAll(['load', 'images', 'publish', 'begin', 'images', 'migrate'], async (round) => {
      const as = `as-${round}`;
      const id = await queue('restore', { file, as, over: null, tables: null }, null);
      return {
        id,
        check: async (state) => {
          const found = await app.database.query<{ id: string }>('SELECT id FROM shops WHERE slug = $1', [
            as,
          ]);
          for (const made of found) expect(await rowsOf(app, made.id)).toEqual(saved);
          await expectImages(found, state !== 'running');
          if (state !== 'running') expect(found).toHaveLength(state === 'done' ? 1 : 0);
        },
      };
    });
  }, 1_800_000);

  it('leaves no half shop of a clone', async () => {
    await killAll(['images', 'publish', 'images', 'load', 'begin'], async (round) => {
      const as = `clone-${round}`;
      const original = await rowsOf(app, shop.shop.id);
      const input = { shop: shop.shop.id, as, name: null, without: [], isAnonymised: false };
      const id = await queue('clone', input, shop);
      return {
        id,
        check: async (state) => {
          const found = await app.database.query<{ id: string }>('SELECT id FROM shops WHERE slug = $1', [
            as,
          ]);
          for (const made of found) expect(await rowsOf(app, made.id)).toEqual(original);
          await expectImages(found, state !== 'running');
          if (state !== 'running') expect(found).toHaveLength(state === 'done' ? 1 : 0);
          expect(await rowsOf(app, shop.shop.id)).toEqual(original);
        },
      };
    });
  }, 1_800_000);

  it.each(['the place of exports', 'a folder of its own'])(
    'leaves a whole file of an export in %s, or none',
    async (place) => {
      const products = saved['products']!.length;
      await killAll(['export', 'begin', 'export', 'export'], async (round) => {
        const file = `mine-${round}.zip`;
        const out = place === 'the place of exports' ? null : { target: scratchFolder(), file };
        const before = new Set(readdirSync(folder.path));
        const id = await queue('export', { shop: shop.shop.id, out }, shop);
        return {
          id,
          check: async (state) => {
            const where = out?.target ?? folder.path;
            const names = readdirSync(where).filter((name) => out !== null || !before.has(name));
            const whole = names.filter((name) => !name.endsWith('.partial'));
            for (const name of whole) {
              const entries = unzip(readFileSync(path.join(where, name)));
              expect(entries.get('products.ndjson')!.split('\n')).toHaveLength(products + 1);
            }
            const result = (await read(id)).result as ExportResult | null;
            if (state === 'running') return; // `result` may be there already
            expect(names).toEqual(whole);
            if (state === 'done') expect(names).toEqual([result!.file]);
            else expect([result, out === null ? names : []]).toEqual([null, []]); // a whole file that was named stays
          },
        };
      });
    },
    1_800_000,
  );

  it('leaves a part of a file that shops:reconcile removes, if nobody goes on', async () => {
    const isPart = (name: string) => name.endsWith('.partial');
    let parts: string[] = [];
    // The step begins some milliseconds before its file.
    for (let afterMs = 0; parts.length === 0 && afterMs < 40; afterMs += 4) {
      const id = await queue('export', { shop: shop.shop.id, out: null }, shop);
      await killIn(id, 'export', afterMs);
      await app.database.query('DELETE FROM operations WHERE id = $1', [id]);
      parts = readdirSync(folder.path).filter(isPart);
    }
    expect(parts).toHaveLength(1);
    expect(await reconciled(true)).toMatchObject([
      { check: 'partial-file', object: parts[0], isFixed: true },
    ]);
    await expectNothingLeft();
  });

  it('leaves the data of before or those of the backup, of a restore over a shop', async () => {
    await killAll(['load', 'publish', 'migrate', 'begin', 'load'], async () => {
      await newProduct(shop.api);
      const before = await rowsOf(app, shop.shop.id);
      const id = await queue('restore', { file, as: null, over: shop.shop.id, tables: null }, shop);
      return {
        id,
        check: async (state) => {
          const now = await rowsOf(app, shop.shop.id);
          if (state === 'running') expect([before, saved]).toContainEqual(now);
          else expect(now).toEqual(state === 'done' ? saved : before);
        },
      };
    });
  }, 1_800_000);

  it('leaves the data of before or those of the backup, of single tables', async () => {
    const tables = ['products', 'product_variants', 'stock_changes'];
    await killAll(['load', 'publish', 'clean', 'clean', 'migrate'], async () => {
      await newProduct(shop.api);
      const before = await rowsOf(app, shop.shop.id);
      const after = { ...before, ...Object.fromEntries(tables.map((table) => [table, saved[table]!])) };
      const id = await queue('restore', { file, as: null, over: shop.shop.id, tables }, shop);
      return {
        id,
        check: async (state) => {
          const now = await rowsOf(app, shop.shop.id);
          if (state === 'running') expect([before, after]).toContainEqual(now);
          else expect(now).toEqual(state === 'done' ? after : before);
        },
      };
    });
  }, 1_800_000);

  it('leaves the data of before or those of before the restore, of undo-restore', async () => {
    await killAll(['migrate', 'swap', 'begin', 'swap'], async () => {
      await newProduct(shop.api);
      const original = await rowsOf(app, shop.shop.id);
      const input = { file, as: null, over: shop.shop.id, tables: null };
      await operate(app, { kind: 'restore', input, shop: shopOf(shop), isExclusive: true });
      const id = await queue('undo-restore', { shop: shop.shop.id }, shop);
      return {
        id,
        check: async (state) => {
          const now = await rowsOf(app, shop.shop.id);
          if (state === 'running') expect([original, saved]).toContainEqual(now);
          else expect(now).toEqual(state === 'done' ? original : saved);
        },
      };
    });
  }, 1_800_000);
});

/** Mounts a file system of this size in memory. @returns its folder; null where that is not allowed */
function smallDisk(size: string): string | null {
  const place = path.join(scratchFolder(), 'disk');
  mkdirSync(place);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', place], { stdio: 'ignore' });
    return place;
  } catch {
    return null;
  }
}

const disks = [smallDisk('64k'), smallDisk('4m')];
const [files, tables] = disks;
afterAll(() => {
  for (const disk of disks) if (disk !== null) execFileSync('umount', ['-l', disk]); // also when a filter skips their tests
});

(disks.includes(null) ? describe.skip : describe)(
  'a disk that is full (only root may mount a small one)',
  () => {
    it.each([
      [
        'a backup',
        () => ({
          kind: 'backup',
          input: {
            ...{ target: files!, keep: null, isEncrypted: false, concurrency: 2 },
            shops: [shop, ...others].map((owner) => owner.shop.id),
          },
        }),
        { saved: 3, failed: [] },
      ],
      [
        'an export',
        () => ({
          kind: 'export',
          input: { shop: shop.shop.id, out: { target: files!, file: 'all.zip' } },
          ...{ shop: shopOf(shop), isExclusive: true },
        }),
        { file: 'all.zip' },
      ],
    ])('ends %s, which is retried when there is space', async (_name, wanted, result) => {
      execFileSync('mount', ['-o', 'remount,size=64k', files!]);
      const failed = await operate(app, wanted());
      expect(failed).toMatchObject({ state: 'failed', error: { code: 'BACKUP_TARGET_FULL' } });
      expect(readdirSync(files!)).toEqual([]);
      execFileSync('mount', ['-o', 'remount,size=64m', files!]);
      await runCli(['operations:retry', failed.id], { env: environment() });
      expect(await read(failed.id)).toMatchObject({ state: 'done', result });
      await expectNothingLeft();
      expect(readdirSync(files!).length).toBeGreaterThan(0);
      await app.database.query('DELETE FROM backups WHERE operation_id = $1', [failed.id]);
      for (const name of readdirSync(files!)) rmSync(path.join(files!, name));
    });

    it.each([
      [
        'a restore',
        'restored',
        (as: string) => ({ kind: 'restore', input: { file, as, over: null, tables: null } }),
      ],
      [
        'a clone',
        'cloned',
        (as: string) => ({
          kind: 'clone',
          input: { shop: shop.shop.id, as, name: null, without: [], isAnonymised: false },
        }),
      ],
    ])('ends %s, and leaves nothing of it', async (_name, as, wanted) => {
      const { roles } = app.app.get<Installation>(INSTALLATION);
      const expected = await rowsOf(app, shop.shop.id);
      const made = () => app.database.query<{ id: string }>('SELECT id FROM shops WHERE slug = $1', [as]);
      const release = await limitTables(roles);
      try {
        const failed = await operate(app, wanted(as));
        expect(failed).toMatchObject({ state: 'failed', error: { code: '53100' } });
        expect(await made()).toEqual([]);
        await release();
        await expectNothingLeft();
        await runCli(['operations:retry', failed.id], { env: environment() });
        expect(await read(failed.id)).toMatchObject({ state: 'done' });
        expect(await rowsOf(app, (await made())[0]!.id)).toEqual(as === 'cloned' ? expected : saved);
      } finally {
        await release();
        await app.database.query('DROP TABLESPACE small_disk');
      }
    });
  },
);

/** Lets the tables of new tenants go to the small disk. @returns ends that */
async function limitTables({ admin, owner }: Roles): Promise<() => Promise<unknown>> {
  const [{ data } = { data: '' }] = await app.database.query<{ data: string }>(
    `SELECT current_setting('data_directory') AS data`,
  );
  const { uid, gid } = statSync(data);
  chownSync(tables!, uid, gid);
  await app.database.query(`CREATE TABLESPACE small_disk LOCATION '${tables}'`);
  await app.database.query(`GRANT CREATE ON TABLESPACE small_disk TO "${owner}", "${admin}"`);
  await app.database.query(`ALTER ROLE "${admin}" SET default_tablespace = small_disk`);
  return () => app.database.query(`ALTER ROLE "${admin}" RESET default_tablespace`);
}
