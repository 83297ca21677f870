import { existsSync } from 'node:fs';
import { runHere } from '../support/command';
import { newOwner, newProduct, type Owner } from '../support/factories';
import { useBackupFolder } from '../support/lifecycle';
import { problemIn } from '../support/problem';
import { runCli } from '../support/program';
import { CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

const folder = useBackupFolder();
const app = useTestApp({}, { times: CACHE_TIMES });
const env = () => ({ DATABASE_URL: app.database.url, BACKUP_TARGET: folder.path });
const run = (...args: string[]) => runHere(args, env());
/** Beside the running server. */
const runProcess = (...args: string[]) => runCli(args, { env: env() });

const untilOut = ({ api }: Owner) =>
  until(
    () => api.get('products'),
    ({ status }) => status !== 200,
  );

describe('shops:delete and shops:undelete', () => {
  it('put the members out of a running server, and let them in again, with their data', async () => {
    const owner = await newOwner(app.api);
    const { id, slug } = owner.shop;
    await newProduct(owner.api);
    expect(await runProcess('shops:delete', slug)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        `^${slug} is deleted; its data stay until .*, and shops:undelete brings it back\n$`,
      ),
    });
    await app.database.query(`UPDATE shops SET deleted_at = '2026-11-02 12:00Z' WHERE id = $1`, [id]);
    const until30 = 'its data stay until 2026-12-02 12:00';
    expect((await run('shops:delete', slug)).stdout).toContain(`already deleted; ${until30}, and`);
    expect((await run('shops:show', slug)).stdout).toContain(`2026-11-02 12:00, ${until30}\n`);
    expect(problemIn(await untilOut(owner))).toBe('403 NOT_A_MEMBER');
    const { stdout } = await run('shops:delete', slug, '--json');
    expect(JSON.parse(stdout)).toEqual({ id, slug, status: 'deleted', hasChanged: false, keptDays: 30 });
    expect(await runProcess('shops:undelete', id)).toMatchObject({
      code: 0,
      stdout: `${slug} is active again\n`,
    });
    const { body } = await until(
      () => owner.api.get('products'),
      ({ status }) => status === 200,
    );
    expect(body.items).toHaveLength(1);
    expect(JSON.parse((await run('shops:undelete', slug, '--json')).stdout)).toMatchObject({
      status: 'active',
      hasChanged: false,
    });
  });

  it('remove a shop for good at once, and name the last backup of a shop that is gone', async () => {
    const owner = await newOwner(app.api);
    const { id, slug } = owner.shop;
    await newProduct(owner.api);
    const { code, stdout, stderr } = await run('shops:delete', id, '--now', '--confirm', slug, '--json');
    expect(stderr.match(/^database /gm)).toHaveLength(1);
    const { state, result } = JSON.parse(stdout) as { state: string; result: { archive: string } };
    expect([code, state]).toEqual([0, 'done']);
    expect(existsSync(result.archive)).toBe(true);
    expect(await app.database.query('SELECT FROM tenants WHERE shop_id = $1', [id])).toEqual([]);
    const refused = await run('shops:undelete', slug);
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toContain(`SHOP_NOT_FOUND: ${slug} was removed for good`);
    expect(refused.stderr).toContain(`shops:restore ${result.archive}`);
    expect(await run('shops:restore', result.archive, '--as', 'again')).toMatchObject({ code: 0 });
  });

  it('say what is left without an archive', async () => {
    const { slug } = (await newOwner(app.api)).shop;
    const { code, stdout } = await run('shops:delete', slug, '--now', '--no-archive', '--confirm', slug);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/is removed for good, .*last backup: none\n$/)]);
    expect((await run('shops:undelete', slug)).stderr).toContain('it has no last backup');
  });

  it.each([
    ['without its slug', ['--now'], 'repeat its slug, --confirm '],
    ['with another slug', ['--now', '--confirm', 'other'], '--confirm other is not the slug'],
    ['without --now', ['--no-archive'], '--no-archive needs --now'],
  ])('change nothing %s', async (_how, flags, said) => {
    const owner = await newOwner(app.api);
    const { code, stdout, stderr } = await run('shops:delete', owner.shop.slug, ...flags);
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining(said)]);
    const rows = await app.database.query('SELECT status FROM shops WHERE id = $1', [owner.shop.id]);
    expect(rows).toEqual([{ status: 'active' }]);
  });

  it('refuse what is no shop', async () => {
    for (const command of ['shops:delete', 'shops:undelete'])
      expect(await run(command, 'no-such-shop')).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining('SHOP_NOT_FOUND'),
      });
  });

  it.each(['shops:delete', 'shops:undelete'])('show an example: %s', async (command) => {
    const { code, stdout } = await run(command, '--help');
    expect([code, stdout]).toEqual([0, expect.stringContaining(`npm run cli -- ${command} corner-shop`)]);
  });
});
