import { deepStrictEqual as deepEqual } from 'node:assert';
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ENV, type Env } from '../../../src/config/env';
import { examine } from '../../../src/operations/drift/doctor';
import { TOOLS, type Tools } from '../../../src/operations/lifecycle/operation-kind';
import { queueOperation } from '../../../src/operations/lifecycle/operation-store';
import { reconcile, type Reconciled } from '../../../src/operations/lifecycle/reconcile/reconcile';
import { removeTenant } from '../../../src/operations/lifecycle/remove-tenant';
import { ShopStatusService } from '../../../src/public/shops/shop-status.service';
import { BY_COMMAND } from '../../../src/tenancy/audit-log';
import { withClient } from '../../support/database';
import { newOwner, newProduct, type Owner } from '../../support/factories';
import { backUp, operate, rowsOf, useBackupFolder } from '../../support/lifecycle';
import { runCli } from '../../support/program';
import { useTestApp } from '../../support/test-app';
import { installationOf, leftOf, makeTarget } from './removed-shop';

const folder = useBackupFolder();
const app = useTestApp({ BACKUP_TARGET: folder.path, WARM_TENANTS: '0' });
const NOBODY = '00000000-0000-4000-8000-00000000dead';

function look(isFix = false): Promise<Reconciled[]> {
  const tools = app.app.get<Tools>(TOOLS);
  return reconcile(tools, { isFix, signal: new AbortController().signal });
}
const named = (found: Reconciled[]) => found.map(({ check, object }) => [check, object]);

/** Expects these findings, then that a repair leaves none of them. */
async function expectFixed(expected: [check: string, object: unknown][]): Promise<Reconciled[]> {
  expect(named(await look())).toEqual(expected);
  const fixed = await look(true);
  expect(fixed.map(({ isFixed, outcome }) => (isFixed ? 'fixed' : outcome))).toEqual(
    expected.map(() => 'fixed'),
  );
  expect(await look()).toEqual([]);
  return fixed;
}

let owner: Owner;
let rows: Record<string, string[]>;
beforeAll(async () => {
  owner = await newOwner(app.api);
  await newProduct(owner.api);
  rows = await rowsOf(app, owner.shop.id);
});
afterEach(async () => {
  deepEqual(await rowsOf(app, owner.shop.id), rows); // whatever was fixed
  const { findings } = await examine(installationOf(app), app.app.get<Env>(ENV));
  deepEqual(
    findings.filter(({ check }) => !check.startsWith('server-')),
    [],
  );
});

describe('shops:reconcile', () => {
  it('finds nothing where everything has its counterpart', async () => {
    await backUp(app, folder.path, owner.shop.id);
    expect(await look()).toEqual([]);
  });

  it('goes on with an operation whose runner is gone', async () => {
    const { shop } = await makeTarget(app).then(({ owner: of }) => of);
    await app.app.get(ShopStatusService).remove(shop.id, BY_COMMAND);
    await app.database.query(`UPDATE shops SET deleted_at = now() - interval '1 day' WHERE id = $1`, [
      shop.id,
    ]);
    const id = await withClient(app.database.url, (client) =>
      queueOperation(client, {
        kind: 'purge',
        shop: { id: shop.id, slug: shop.slug },
        by: { kind: 'command', id: null },
        input: { shop: shop.id, isArchived: false },
        isExclusive: true,
      }),
    );
    expect(await look()).toEqual([]); // just recorded
    await app.database.query(
      `UPDATE operations SET state = 'running', runner = gen_random_uuid(), seen_at = now() - interval '1 minute' WHERE id = $1`,
      [id],
    );
    const [fixed] = await expectFixed([['operation-interrupted', `operation ${id}`]]);
    expect(fixed!.outcome).toBe('it ended as done');
  });

  it('removes a tenant whose operation has ended, of which no shop is left', async () => {
    const target = await makeTarget(app, 3);
    const { id, operation } = { id: target.id, operation: NOBODY };
    await app.database.query('DELETE FROM shops WHERE id = $1', [id]);
    await app.database.query(
      `INSERT INTO operations (id, kind, by_kind, state) VALUES ('${operation}', 'restore', 'command', 'failed')`,
    );
    await app.database.query(
      `INSERT INTO held_tenants (shop_id, reason, operation_id) VALUES ($1, 'filling', '${operation}')`,
      [id],
    );
    await expectFixed([['held-tenant-left', target.schema]]);
    expect(await leftOf(app, target)).toEqual([]);
  });

  it('leaves what an operation holds that is not over, and the data that a restore has replaced', async () => {
    const { id, slug } = owner.shop;
    const file = await backUp(app, folder.path, id);
    await operate(app, {
      kind: 'restore',
      shop: { id, slug },
      isExclusive: true,
      input: { file, as: null, over: id, tables: null },
    });
    expect(await look(true)).toEqual([]);
    const [held] = await app.database.query<{ id: string }>('SELECT shop_id AS id FROM held_tenants');
    expect(held).toBeDefined();
    await removeTenant(installationOf(app), held!.id);
  });

  it('names a schema that no shop has, and does not touch it', async () => {
    const target = await makeTarget(app);
    const before = await rowsOf(app, target.id);
    await app.database.query('DELETE FROM shops WHERE id = $1', [target.id]);
    const found = await look(true);
    expect(found).toMatchObject([
      { check: 'schema-without-shop', shop: target.id, object: target.schema, canFix: false, isFixed: false },
    ]);
    expect(await rowsOf(app, target.id)).toEqual(before);
    await removeTenant(installationOf(app), target.id);
  });

  it('names a shop that has no schema', async () => {
    await app.database.query(`ALTER SCHEMA shop_${owner.shop.id.replaceAll('-', '')} RENAME TO hidden`);
    const found = await look(true);
    await app.database.query(`ALTER SCHEMA hidden RENAME TO shop_${owner.shop.id.replaceAll('-', '')}`);
    expect(found).toMatchObject([{ check: 'shop-without-schema', shop: owner.shop.slug, isFixed: false }]);
  });

  it('removes a role and a row of the registry that nothing uses', async () => {
    const target = await makeTarget(app);
    await app.database.query('DELETE FROM shops WHERE id = $1', [target.id]);
    await app.database.query(`DROP SCHEMA ${target.schema} CASCADE`);
    await expectFixed([
      ['tenant-without-shop', 'public.tenants'],
      ['leftover-role', target.schema],
    ]);
    expect(await leftOf(app, target)).toEqual([]);
  });

  it('records a file that lost its row, and refuses one that is no whole backup', async () => {
    const file = path.basename(await backUp(app, folder.path, owner.shop.id));
    const columns =
      'shop_id, shop_slug, target, file, bytes, rows, sha256, version, is_encrypted, is_archive, snapshot_at';
    const recorded = () => app.database.query(`SELECT ${columns} FROM backups WHERE file = $1`, [file]);
    const before = await recorded();
    await app.database.query('DELETE FROM backups WHERE file = $1', [file]);
    const broken = 'broken.20260101T000000.000Z.tar.gz';
    writeFileSync(path.join(folder.path, broken), 'x');
    writeFileSync(path.join(folder.path, 'photos.tar.gz'), 'x'); // not ours
    const found = await look(true);
    expect(found.map(({ object, isFixed }) => [object, isFixed])).toEqual([
      [broken, false],
      [file, true],
    ]);
    expect(await recorded()).toEqual(before);
    rmSync(path.join(folder.path, broken));
    expect(await look()).toEqual([]);
  });

  it('records a file with a name of earlier commits, which had no operation', async () => {
    const made = await backUp(app, folder.path, owner.shop.id);
    const earlier = path.basename(made).replace(/\.[0-9a-f]{8}(?=\.tar)/, '');
    await app.database.query('DELETE FROM backups WHERE file = $1', [path.basename(made)]);
    renameSync(made, path.join(folder.path, earlier));
    expect((await look(true)).map(({ object, isFixed }) => [object, isFixed])).toEqual([[earlier, true]]);
    expect(await look()).toEqual([]);
  });

  it('forgets a file that is gone, but not when all of them are: the place may not be mounted', async () => {
    const [gone] = [await backUp(app, folder.path, owner.shop.id)];
    rmSync(gone);
    await expectFixed([['backup-without-file', path.basename(gone)]]);
    const away = `${folder.path}-away`;
    renameSync(folder.path, away);
    const count = () => app.database.query<{ count: number }>('SELECT count(*)::int AS count FROM backups');
    const before = await count();
    const found = await look(true);
    renameSync(away, folder.path);
    expect(found.length).toBe(before[0]!.count);
    expect(found.every(({ check, isFixed }) => check === 'backup-without-file' && !isFixed)).toBe(true);
    expect(await count()).toEqual(before);
  });

  it('removes what a killed writer has left', async () => {
    const partial = 'corner-shop.20260101T000000.000Z.tar.gz.0123456789ab.partial';
    writeFileSync(path.join(folder.path, partial), 'x');
    writeFileSync(path.join(folder.path, 'download.partial'), 'x'); // not ours
    await expectFixed([['partial-file', partial]]);
    expect(readdirSync(folder.path)).toContain('download.partial');
  });

  it('removes a backup of a removed shop that the purge could not remove, and keeps the last one', async () => {
    const target = await makeTarget(app);
    const { id } = target;
    const { slug } = target.owner.shop;
    const early = await backUp(app, folder.path, id);
    await app.app.get(ShopStatusService).remove(id, BY_COMMAND);
    await app.database.query(`UPDATE shops SET deleted_at = now() - interval '1 day' WHERE id = $1`, [id]);
    const [row] = await app.database.query<object>('SELECT * FROM backups WHERE file = $1', [
      path.basename(early),
    ]);
    const { result } = await operate(app, {
      kind: 'purge',
      shop: { id, slug },
      isExclusive: true,
      input: { shop: id, isArchived: true },
    });
    writeFileSync(early, 'x');
    await app.database.query(`INSERT INTO backups SELECT * FROM json_populate_record(NULL::backups, $1)`, [
      JSON.stringify(row),
    ]);
    await expectFixed([['backup-of-removed-shop', path.basename(early)]]);
    const { archive } = result as { archive: string };
    expect(readdirSync(folder.path)).toContain(path.basename(archive));
  });

  it('is a command: 1 while something is left, 0 once it is fixed', async () => {
    const run = (...args: string[]) =>
      runCli(['shops:reconcile', ...args], {
        env: { DATABASE_URL: app.database.url, BACKUP_TARGET: folder.path },
      });
    const partial = 'tea.20260101T000000.000Z.tar.gz.0123456789ab.partial';
    writeFileSync(path.join(folder.path, partial), 'x');
    const first = await run('--json');
    expect(first.code).toBe(1);
    expect(JSON.parse(first.stdout)).toMatchObject({
      findings: [{ check: 'partial-file', object: partial, canFix: true, isFixed: false, outcome: null }],
    });
    const second = await run('--fix');
    expect([second.code, second.stdout]).toEqual([0, expect.stringMatching(/1 found, 1 fixed, 0 left\n$/)]);
    expect(await run()).toMatchObject({ code: 0, stdout: 'nothing found\n' });
    expect((await run('--help')).stdout).toContain('npm run cli -- shops:reconcile --fix');
  });
});
