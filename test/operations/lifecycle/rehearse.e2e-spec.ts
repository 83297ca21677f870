import { readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { newOrder, newOwner, newProduct, type Owner } from '../../support/factories';
import { backUp, operate, rowsOf, runnerOf, useBackupFolder } from '../../support/lifecycle';
import { finish, runCli, spawnProgram } from '../../support/program';
import { useTestApp } from '../../support/test-app';
import { until } from '../../support/until';
import type { Rehearsed } from '../../../src/operations/lifecycle/kinds/rehearse.kind';

interface Result {
  backups: Rehearsed[];
  worstRecoverySeconds: number;
  worstAgeSeconds: number;
  failed: { slug: string; message: string }[];
}

describe('rehearse', () => {
  const app = useTestApp();
  const folder = useBackupFolder();
  const owners: Owner[] = [];
  const files: string[] = [];

  async function shopWithSales(): Promise<Owner> {
    const owner = await newOwner(app.api);
    await newOrder(owner.api, (await newProduct(owner.api)).id);
    return owner;
  }
  beforeAll(async () => {
    for (let i = 0; i < 3; i++) {
      owners.push(await shopWithSales());
      files.push(await backUp(app, folder.path, owners[i]!.shop.id)); // just pushed
    }
  });

  const rehearse = async (newest = 10) => {
    const { state, result, error } = await operate(app, { kind: 'rehearse', input: { newest } });
    return { state, error, ...(result as Result) };
  };
  const schemas = async () =>
    (
      await app.database.query<{ name: string }>(
        `SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE 'shop\\_%'
         UNION ALL SELECT rolname FROM pg_roles WHERE rolname LIKE 'shop\\_%' AND pg_has_role($1, oid, 'MEMBER')
         UNION ALL SELECT shop_id::text FROM held_tenants UNION ALL SELECT shop_id::text FROM tenants
         UNION ALL SELECT slug FROM shops ORDER BY 1`,
        [`${app.database.name}_tenant`],
      )
    ).map(({ name }) => name);

  it('restores the newest backup of each shop, measures it, and leaves nothing', async () => {
    await backUp(app, folder.path, owners[0]!.shop.id); // newer than the others
    const before = [await schemas(), await rowsOf(app, owners[0]!.shop.id)];
    const done = await rehearse(2);
    expect(done).toMatchObject({ state: 'done', error: null, failed: [] });
    expect(done.backups.map(({ slug }) => slug)).toEqual([owners[0]!.shop.slug, owners[2]!.shop.slug]);
    for (const { isGood, rows, recoverySeconds, ageSeconds } of done.backups) {
      expect(isGood).toBe(true);
      expect(rows).toBeGreaterThan(3);
      expect(recoverySeconds).toBeGreaterThan(0);
      expect(ageSeconds).toBeGreaterThanOrEqual(0);
    }
    const most = (values: (number | null)[]) => Math.max(...values.map(Number));
    expect(done.worstRecoverySeconds).toBe(most(done.backups.map((each) => each.recoverySeconds)));
    expect(done.worstAgeSeconds).toBe(most(done.backups.map((each) => each.ageSeconds)));
    expect([await schemas(), await rowsOf(app, owners[0]!.shop.id)]).toEqual(before);
  });

  it('says as a command which backup is lost, and exits with 1', async () => {
    renameSync(files[1]!, `${files[1]}.away`);
    const env = { DATABASE_URL: app.database.url };
    try {
      const { code, stdout } = await runCli(['rehearse'], { env });
      expect(code).toBe(1);
      expect(stdout).toMatch(new RegExp(`^${owners[1]!.shop.slug} .*failed: BACKUP_FILE_NOT_FOUND`, 'm'));
      expect(stdout).toMatch(
        /^2 of 3 backups are good; worst recovery time \(RTO\) \d+\.\d s, worst recovery point/m,
      );
      const json = await runCli(['rehearse', '--newest', '3', '--json'], { env });
      expect(json.code).toBe(1);
      expect(JSON.parse(json.stdout)).toMatchObject({
        state: 'done',
        result: { failed: [{ slug: owners[1]!.shop.slug }] },
      });
    } finally {
      renameSync(`${files[1]}.away`, files[1]!);
    }
    expect((await runCli(['rehearse'], { env })).code).toBe(0);
  });

  it('notices a row that names another shop, and a role that reads another shop', async () => {
    const owner = await shopWithSales();
    const schema = `shop_${owner.shop.id.replaceAll('-', '')}`;
    const stranger = owners[0]!.shop.id;
    await app.database.query(`UPDATE ${schema}.products SET description = 'of ${stranger}'`);
    await backUp(app, folder.path, owner.shop.id);
    const [named] = (await rehearse(1)).failed;
    expect(named?.message).toContain(stranger);
    await app.database.query(`UPDATE ${schema}.products SET description = 'of ${owner.shop.id}'`);
    await backUp(app, folder.path, owner.shop.id);
    expect((await rehearse(1)).failed).toEqual([]);
    await app.database.query(`GRANT USAGE ON SCHEMA ${schema} TO PUBLIC`);
    expect((await rehearse(1)).failed[0]?.message).toContain(`has rights in ${schema}`);
    await app.database.query(`REVOKE USAGE ON SCHEMA ${schema} FROM PUBLIC`);
    await app.database.query(
      'GRANT USAGE ON SCHEMA public TO PUBLIC; GRANT SELECT ON public.users TO PUBLIC',
    );
    expect((await rehearse(1)).failed[0]?.message).toContain('could read public.users');
    await app.database.query(
      'REVOKE USAGE ON SCHEMA public FROM PUBLIC; REVOKE SELECT ON public.users FROM PUBLIC',
    );
    expect((await rehearse(1)).failed).toEqual([]);
  });

  it('leaves nothing of a run that was killed, once another goes on', async () => {
    const before = await schemas();
    const env = { DATABASE_URL: app.database.url };
    const child = spawnProgram('cli', ['rehearse'], { env });
    const ended = finish(child);
    const held = () => app.database.query<{ shop_id: string }>('SELECT shop_id FROM held_tenants');
    await until(held, (rows) => rows.length > 0);
    child.kill('SIGKILL');
    await ended;
    const [left] = await app.database.query<{ id: string }>(
      `UPDATE operations SET seen_at = now() - interval '1 minute' WHERE state = 'running' RETURNING id`,
    );
    const done = await runnerOf(app).run(left!.id); // the command ran it
    expect(done).toMatchObject({ state: 'done', attempts: 2, result: { failed: [] } });
    expect(await schemas()).toEqual(before);
  });

  it('removes its scratch tenant when it is cancelled', async () => {
    const before = await schemas();
    const controller = new AbortController();
    const wanted = { kind: 'rehearse', input: { newest: 10 } };
    const running = operate(app, wanted, { signal: controller.signal, onStop: 'cancel' });
    await until(
      () => app.database.query('SELECT FROM held_tenants'),
      (rows) => rows.length > 0,
    );
    controller.abort();
    expect(await running).toMatchObject({ state: 'cancelled' });
    expect(await schemas()).toEqual(before);
  });

  it('fails where there is no backup', async () => {
    await app.database.query('DELETE FROM backups');
    expect(await rehearse()).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining('No backup') },
    });
    for (const name of readdirSync(folder.path)) rmSync(path.join(folder.path, name));
  });
});
