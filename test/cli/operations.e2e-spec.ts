import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { newId } from '../../src/common/ids';
import { OPERATION_KINDS } from '../../src/operations/lifecycle/kinds/kinds';
import type { Operation } from '../../src/operations/lifecycle/operation.entity';
import type { ShownOperation } from '../../src/operations/lifecycle/operation-store';
import { OperationsService } from '../../src/operations/lifecycle/operations.service';
import { runHere, runJson } from '../support/command';
import { newOwner, newProduct, type Owner } from '../support/factories';
import { backUp, operate, useBackupFolder } from '../support/lifecycle';
import { runCli } from '../support/program';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
const folder = useBackupFolder();
const env = () => ({ DATABASE_URL: app.database.url });
const run = (...args: string[]) => runHere(args, env());
let owner: Owner;

const json = <T = ShownOperation>(...args: string[]) => runJson<T>(app, args);

/** Records an operation in a state of our choice; nobody runs it. */
async function record(fields: Partial<Record<string, unknown>> = {}): Promise<string> {
  const id = newId();
  const input = {
    shops: [owner.shop.id],
    target: folder.path,
    keep: null,
    isEncrypted: false,
    concurrency: 1,
  };
  const row = {
    ...{ id, kind: 'backup', shop_id: owner.shop.id, shop_slug: owner.shop.slug, by_kind: 'operator' },
    ...{ input: JSON.stringify(input), ...fields },
  };
  const names = Object.keys(row);
  await app.database.query(
    `INSERT INTO operations (${names.join(', ')}) VALUES (${names.map((_, i) => `$${i + 1}`).join(', ')})`,
    Object.values(row),
  );
  return id;
}
const read = async (id: string) =>
  (await app.database.query<Operation>('SELECT * FROM operations WHERE id = $1', [id]))[0]!;
const SILENT = { state: 'running', runner: newId(), seen_at: '2026-01-01', attempts: 5 };
const error = JSON.stringify({ message: 'no space', code: '53100' });

beforeAll(async () => {
  owner = await newOwner(app.api);
  await newProduct(owner.api);
});
afterEach(() => app.database.query('DELETE FROM operations'));

describe('operations:list', () => {
  it('lists the newest first, by state, kind, shop and number', async () => {
    const [failed, queued] = [await record({ state: 'failed', error }), await record()];
    const other = await record({ kind: 'restore', shop_id: null, shop_slug: null });
    const ids = async (...options: string[]) =>
      (await json<{ operations: ShownOperation[] }>('operations:list', ...options)).operations.map(
        ({ id }) => id,
      );
    expect(await ids()).toEqual([other, queued, failed]);
    expect(await ids('--state', 'failed')).toEqual([failed]);
    expect(await ids('--kind', 'backup', '--limit', '1')).toEqual([queued]);
    expect(await ids('--shop', owner.shop.slug, '--state', 'queued')).toEqual([queued]);
    expect(await ids('--shop', owner.shop.id)).toEqual([queued, failed]);
  });

  it('knows a removed shop by its operations, and no other shop that does not exist', async () => {
    const gone = { id: newId(), slug: 'gone' };
    const id = await record({ kind: 'purge', shop_id: gone.id, shop_slug: gone.slug, state: 'done' });
    for (const name of [gone.id, gone.slug]) {
      expect(await json('operations:list', '--shop', name)).toMatchObject({ operations: [{ id }] });
      const none = await json('operations:list', '--shop', name, '--state', 'failed');
      expect(none).toEqual({ operations: [] });
    }
    expect(await json('operations:list', '--shop', owner.shop.slug)).toEqual({ operations: [] });
    const { code, stdout, stderr } = await run('operations:list', '--shop', 'nobody');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('No shop has the slug or id nobody.');
  });

  it('refuses a kind that does not exist, and names those that do', async () => {
    const { code, stderr } = await run('operations:list', '--kind', 'bogus');
    expect(code).toBe(1);
    for (const { name } of OPERATION_KINDS) expect(stderr).toContain(name);
  });

  it('prints a table with a summary last', async () => {
    await record({ ...SILENT, step: 'copy', done: 1, total: 2 });
    const { code, stdout } = await run('operations:list');
    const lines = stdout.trimEnd().split('\n');
    expect(code).toBe(0);
    expect(lines[0]).toMatch(/^id +kind +shop +state +progress +by +requested +ended$/);
    expect(lines[1]).toMatch(/running \(its runner is silent\) +copy 1\/2 +operator/);
    expect(lines.at(-1)).toBe('1 operation(s), 1 not ended');
  });
});

describe('operations:show', () => {
  it('shows why an operation failed, and no inner state', async () => {
    const id = await record({ state: 'failed', error, finished_at: '2026-11-20' });
    const shown = await json('operations:show', id);
    expect(shown).toMatchObject({ id, state: 'failed', isAbandoned: false, error: { code: '53100' } });
    expect(shown).not.toHaveProperty('checkpoint');
    expect((await run('operations:show', id)).stdout).toContain('error      no space (53100)');
  });

  it.each([newId(), 'x'])('names an operation that does not exist: %s', async (id) => {
    const { code, stderr } = await run('operations:show', id);
    expect(code).toBe(1);
    expect(stderr).toContain(id);
  });
});

describe('operations:cancel', () => {
  it.each([
    ['is queued', {}],
    ['lost its runner', SILENT],
  ])('ends an operation that %s, although no worker is there', async (_, fields) => {
    const id = await record(fields);
    expect(await json('operations:cancel', id)).toMatchObject({ id, state: 'cancelled' });
    expect((await run('operations:cancel', id)).code).toBe(1);
  });

  it('leaves the end of one that runs to its runner', async () => {
    const id = await record({ ...SILENT, seen_at: new Date() });
    expect(await json('operations:cancel', id)).toMatchObject({ state: 'running', cancelWanted: true });
    expect((await read(id)).runner).toBe(SILENT.runner);
  });
});

describe('operations:retry', () => {
  it.each([
    ['failed', { state: 'failed', error, attempts: 5 }],
    ['was cancelled', { state: 'cancelled', cancel_wanted: true }],
    ['lost its runner', SILENT],
  ])('runs an operation to its end that %s', async (_, fields) => {
    const id = await record(fields);
    expect(await json<object>('operations:retry', id)).toMatchObject({
      ...{ operation: id, state: 'done', error: null, result: { saved: 1, failed: [] } },
    });
    expect(await read(id)).toMatchObject({ attempts: 1, cancel_wanted: false });
  });

  it.each([
    ['is done', () => ({ state: 'done' })],
    ['runs', () => ({ ...SILENT, seen_at: new Date() })],
    ['is queued', () => ({})],
  ])('refuses an operation that %s', async (_, fields) => {
    const id = await record(fields());
    await expect(app.app.get(OperationsService, { strict: false }).retry(id)).rejects.toMatchObject({
      kind: { code: 'OPERATION_NOT_RETRIABLE' },
    });
  });

  it('refuses while another operation of the shop is open', async () => {
    await record({ is_exclusive: true });
    const id = await record({ is_exclusive: true, state: 'failed' });
    await expect(app.app.get(OperationsService, { strict: false }).retry(id)).rejects.toMatchObject({
      kind: { code: 'OPERATION_IN_PROGRESS' },
    });
    const { code, stdout } = await runCli(['operations:retry', id, '--json'], { env: env() });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'OPERATION_IN_PROGRESS' } });
  });

  it('returns it to the queue for a worker when the caller has no admin rights', async () => {
    const id = await record({ state: 'failed', error, attempts: 5 });
    const shown = await app.app.get(OperationsService, { strict: false }).retry(id);
    expect(shown).toMatchObject({ state: 'queued', attempts: 0, error: null });
  });

  it('begins anew where the undo has removed what was loaded', async () => {
    const file = await backUp(app, folder.path, owner.shop.id);
    const input = { file, as: 'late', over: null, tables: null };
    await app.database.query(`ALTER TABLE shops ADD CONSTRAINT not_late CHECK (slug <> 'late')`); // seen at the end
    const failed = await operate(app, { kind: 'restore', input });
    expect(failed).toMatchObject({ state: 'failed', error: { code: '23514' } });
    await app.database.query('ALTER TABLE shops DROP CONSTRAINT not_late');
    expect(await json<object>('operations:retry', failed.id)).toMatchObject({ state: 'done' });
  });
});

describe('shops:show', () => {
  it('shows the last operation on the shop', async () => {
    await record({ state: 'done' });
    const id = await record({ state: 'failed', error });
    const shown = await json<{ lastOperation: object }>('shops:show', owner.shop.slug);
    expect(shown.lastOperation).toMatchObject({ id, kind: 'backup', state: 'failed' });
    expect((await run('shops:show', owner.shop.slug)).stdout).toContain(`${id}: no space`);
  });
});

describe('a backup', () => {
  const backup = { shops: null, keep: null, isEncrypted: false, concurrency: 2 };

  it('removes files that a killed runner had begun and not recorded, and no others', async () => {
    const file = await backUp(app, folder.path, owner.shop.id);
    const lost = ['a.20261129T120000.000Z.tar.gz', 'b.20261129T120000.000Z.tar.gz'];
    const others = ['c.20261129T120000.000Z.tar.gz.0123456789ab.partial', 'd.tar.gz'];
    for (const name of [`${lost[0]}.0123456789ab.partial`, lost[1]!, ...others])
      writeFileSync(path.join(folder.path, name), 'half');
    const checkpoint = JSON.stringify({ writing: [...lost, path.basename(file)] });
    const id = await record({ ...SILENT, attempts: 1, checkpoint });
    expect(await json<object>('operations:cancel', id)).toMatchObject({ state: 'cancelled' });
    const left = readdirSync(folder.path);
    expect(left.filter((name) => /^[abcd]\./.test(name)).toSorted()).toEqual(others);
    expect(left).toContain(path.basename(file));
  });

  it('names a shop whose slug makes no file name, and saves the others', async () => {
    const { shop } = await newOwner(app.api);
    await app.database.query(`UPDATE shops SET slug = '../out' WHERE id = $1`, [shop.id]);
    const {
      state,
      error: why,
      result,
    } = await operate(app, {
      kind: 'backup',
      input: { ...backup, shops: [owner.shop.id, shop.id], target: folder.path },
    });
    await app.database.query('UPDATE shops SET slug = $2 WHERE id = $1', [shop.id, shop.slug]);
    expect({ state, why }).toEqual({ state: 'done', why: null });
    const message = expect.stringMatching(/^BACKUP_FILE_NAME_INVALID/) as string;
    expect(result).toMatchObject({ saved: 1, failed: [{ shopId: shop.id, slug: '../out', message }] });
  });

  it('names the option that is missing or too much', async () => {
    const [none, both] = [await run('shops:backup'), await run('shops:backup', 'a', '--all')];
    expect([none.code, both.code]).toEqual([1, 1]);
    expect(none.stderr).toContain('Name shops, or give --all.');
    expect(both.stderr).toContain('Name shops, or give --all, not both.');
  });

  it('fails as a whole when its target takes no file, and can be retried', async () => {
    await newOwner(app.api);
    const file = await backUp(app, folder.path, owner.shop.id);
    const failed = await operate(app, { kind: 'backup', input: { ...backup, target: file } });
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'BACKUP_TARGET_INVALID' } });
  });
});
