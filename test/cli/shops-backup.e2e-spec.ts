import { existsSync } from 'node:fs';
import path from 'node:path';
import { runHere } from '../support/command';
import { newOwner, type Owner } from '../support/factories';
import { backUp, useBackupFolder } from '../support/lifecycle';
import { runCli } from '../support/program';
import { useTestApp } from '../support/test-app';

describe('shops:backup and shops:restore', () => {
  const app = useTestApp();
  const folder = useBackupFolder();
  let owner: Owner;

  beforeAll(async () => {
    owner = await newOwner(app.api);
  });

  const env = () => ({ DATABASE_URL: app.database.url });
  const run = (...args: string[]) => runHere(args, env());
  const lastLine = (text: string) => text.trimEnd().split('\n').at(-1);

  it('end at once when the folder cannot be created, and have nothing to undo', async () => {
    const { code, stderr } = await run('shops:backup', owner.shop.slug, '--out', '/proc/x');
    expect(code).toBe(1);
    expect(lastLine(stderr)).toMatch(
      /^failed: BACKUP_TARGET_FAILED: The folder \/proc\/x cannot be created: \/proc takes no new folders\. \(operation [\w-]+\)$/,
    );
    expect(stderr).not.toContain('"event"');
    const [row] = await app.database.query<object>(
      `SELECT state, checkpoint, error ->> 'code' AS code FROM operations WHERE input ->> 'target' = '/proc/x'`,
    );
    expect(row).toEqual({ state: 'failed', checkpoint: {}, code: 'BACKUP_TARGET_FAILED' });
  });

  it('leave entries in the log that the owners read', async () => {
    const { shop, api } = owner;
    expect((await runCli(['shops:backup', shop.slug, '--out', folder.path], { env: env() })).code).toBe(0);
    const { items } = (await api.get('audit?action=shop.backed_up')).body;
    expect(items).toMatchObject([{ details: { by: 'command', file: expect.stringContaining(shop.slug) } }]);
  });

  it('refuse an empty --out, and write nothing into the current folder', async () => {
    const { code, stderr } = await run('shops:backup', owner.shop.slug, '--out', '');
    expect(code).toBe(1);
    expect(lastLine(stderr)).toContain('BACKUP_TARGET_INVALID');
    expect(
      await app.database.query(`SELECT FROM operations WHERE input ->> 'target' = $1`, [process.cwd()]),
    ).toEqual([]);
  });

  it('name the file of each shop that was named, and count what --keep removed', async () => {
    await backUp(app, folder.path, owner.shop.id);
    const { code, stdout } = await run('shops:backup', owner.shop.slug, '--out', folder.path, '--keep', '1d');
    expect(code).toBe(0);
    const [file = '', summary] = stdout.trimEnd().split('\n');
    expect(existsSync(path.join(folder.path, file.replace('saved    ', '')))).toBe(true);
    expect(summary).toMatch(/^1 backed up in .*; [1-9]\d* older file\(s\) removed$/);
  });

  it('print the code of a failure last, and no stack', async () => {
    const file = await backUp(app, folder.path, owner.shop.id);
    expect(existsSync(file)).toBe(true);
    const { code, stderr } = await run('shops:restore', file); // its own slug
    expect(code).toBe(1);
    expect(lastLine(stderr)).toMatch(/^failed: SLUG_TAKEN: \S.* \(operation [\w-]+\)$/);
    expect(stderr).not.toContain('"event"');
  });
});
