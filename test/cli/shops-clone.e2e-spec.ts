import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { runHere } from '../support/command';
import { newOwner, newProduct } from '../support/factories';
import { runCli, scratchFolder } from '../support/program';
import { useTestApp } from '../support/test-app';
import { unzip } from '../support/unzip';

const app = useTestApp();
const env = () => ({ DATABASE_URL: app.database.url });
const run = (...args: string[]) => runHere(args, env());
const operations = () => app.database.query<{ kind: string }>('SELECT kind FROM operations');

describe('shops:clone', () => {
  it('makes a shop, and prints one object with --json', async () => {
    const { shop, api } = await newOwner(app.api);
    await newProduct(api);
    const args = [shop.slug, '--as', 'cli-clone', '--name', 'Clone', '--anonymise', '--without', 'orders'];
    const { code, stdout } = await runCli(['shops:clone', ...args, '--json'], { env: env() });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'done', result: { slug: 'cli-clone', name: 'Clone' } });
    expect(await run('shops:clone', shop.id, '--as', 'cli-clone-2')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('cli-clone-2'),
    });
  });

  it.each([
    ['a slug that is taken', ['--as', 'taken-slug'], 'Another shop has the slug taken-slug'],
    ['no slug', ['--as', 'No Slug'], '--as takes a slug'],
    ['an empty name', ['--as', 'good', '--name', ' '], '--name takes a name'],
    ['a table that a shop needs', ['--as', 'good', '--without', 'members'], 'members cannot be left out'],
  ])('refuses %s before anything is recorded', async (_, args, text) => {
    const { shop, api } = await newOwner(app.api);
    await api.post('shops', { name: 'Taken', slug: 'taken-slug' });
    const before = await operations();
    const { code, stdout, stderr } = await run('shops:clone', shop.slug, ...args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(text);
    expect(await operations()).toEqual(before);
  });
});

describe('shops:export', () => {
  it('writes the file that --out names, once', async () => {
    const { shop } = await newOwner(app.api);
    const file = path.join(scratchFolder(), 'shop.zip');
    const { code, stdout } = await runCli(['shops:export', shop.slug, '--out', file, '--json'], {
      env: env(),
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'done',
      result: { file: 'shop.zip', expiresAt: null },
    });
    expect([...unzip(await readFile(file)).keys()]).toContain('README.txt');
    const before = await operations();
    const again = await run('shops:export', shop.slug, '--out', file);
    expect([again.code, again.stdout]).toEqual([1, '']);
    expect(again.stderr).toContain('BACKUP_FILE_EXISTS');
    expect(await operations()).toEqual(before);
  });
});
