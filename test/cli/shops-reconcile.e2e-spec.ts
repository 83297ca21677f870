import path from 'node:path';
import { newOwner } from '../support/factories';
import { backUp, useBackupFolder } from '../support/lifecycle';
import { runCli } from '../support/program';
import { useTestApp } from '../support/test-app';

describe('shops:reconcile --forget-place', () => {
  const folder = useBackupFolder();
  const app = useTestApp();
  const configured = path.join(folder.path, 'configured');
  const reconcile = async (...args: string[]) => {
    const env = { DATABASE_URL: app.database.url, BACKUP_TARGET: configured };
    const { code, stdout } = await runCli(['shops:reconcile', '--json', ...args], { env });
    return { code, ...(JSON.parse(stdout) as { findings?: object[]; forgotten?: number; error?: object }) };
  };

  it('deletes the records of a place that exists no more, and of no other', async () => {
    const { shop } = await newOwner(app.api);
    for (const name of ['kept', 'retired']) await backUp(app, path.join(folder.path, name), shop.id);
    const retired = '/dev/null/retired';
    await app.database.query('UPDATE backups SET target = $1 WHERE target = $2', [
      retired,
      path.join(folder.path, 'retired'),
    ]);
    const before = await reconcile('--fix');
    expect([before.code, before.findings]).toMatchObject([
      1,
      [{ check: 'target-unreadable', object: retired }],
    ]);
    for (const place of [path.join(folder.path, 'kept'), path.join(folder.path, 'unknown'), configured, ''])
      expect(await reconcile('--forget-place', place)).toMatchObject({
        code: 1,
        error: { code: expect.stringMatching(/^(OPTION|BACKUP_TARGET)_INVALID$/) },
      });
    expect(await reconcile('--forget-place', retired)).toEqual({ code: 0, findings: [], forgotten: 1 });
    expect(await app.database.query('SELECT target FROM backups')).toEqual([
      { target: path.join(folder.path, 'kept') },
    ]);
  });
});
