import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { runHere } from '../support/command';
import { newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { backUp, operate, useBackupFolder } from '../support/lifecycle';
import { type Finished, programWith, runCli, type RunOptions } from '../support/program';
import { S3Server } from '../support/s3-server';
import { useTestApp } from '../support/test-app';

describe('shops:verify-backup', () => {
  const app = useTestApp();
  const folder = useBackupFolder();
  let owner: Owner;
  let file: string;

  beforeAll(async () => {
    owner = await newOwner(app.api);
    await newOrder(owner.api, (await newProduct(owner.api)).id);
    file = await backUp(app, folder.path, owner.shop.id);
  });

  const verify = (name: string, env: Record<string, string> = {}): Promise<Finished> =>
    runHere(['shops:verify-backup', name, '--json'], { DATABASE_URL: app.database.url, ...env });
  const verifyProcess = (name: string, options: RunOptions = {}): Promise<Finished> =>
    runCli(['shops:verify-backup', name, '--json'], {
      ...options,
      env: { DATABASE_URL: app.database.url, ...options.env },
    });
  const answer = ({ stdout }: Finished) => JSON.parse(stdout) as Record<string, unknown>;
  const inFolder = (name: string) => path.join(folder.path, name);

  /** A copy of the file with other bytes inside the compression. */
  function altered(change: (tar: Buffer) => void): string {
    const tar = gunzipSync(readFileSync(file));
    change(tar);
    writeFileSync(inFolder('altered.tar.gz'), gzipSync(tar));
    return inFolder('altered.tar.gz');
  }

  it('reads a good file, and says what is in it and that it is the one that was recorded', async () => {
    const done = await verify(file);
    expect(done.code).toBe(0);
    const [row] = await app.database.query<{ rows: string; sha256: string; bytes: string }>(
      'SELECT rows, sha256, bytes FROM backups WHERE shop_id = $1',
      [owner.shop.id],
    );
    expect(answer(done)).toMatchObject({
      isGood: true,
      file: path.basename(file),
      target: folder.path,
      shop: { id: owner.shop.id, slug: owner.shop.slug },
      record: 'same',
      behind: 0,
      members: 1,
      isEncrypted: false,
      rows: Number(row!.rows), // the backup wrote it
      bytes: Number(row!.bytes),
      sha256: row!.sha256,
      tables: { orders: { rows: 1 }, products: { rows: 1 } },
    });
    const { stdout, code } = await runHere(['shops:verify-backup', file], {
      DATABASE_URL: app.database.url,
    });
    expect(code).toBe(0);
    expect(stdout).toContain(`shop      ${owner.shop.slug} `);
    expect(stdout).toMatch(/^the file is whole and can be restored: \d+ rows in \d+ tables$/m);
  });

  it('needs no database', async () => {
    const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
    const done = await verify(file, env);
    expect([done.code, answer(done)['record']]).toEqual([0, 'unknown']);
    expect(done.stderr).toContain('no database to compare with');
  });

  it('reads encrypted files, and files in a bucket', async () => {
    const identity = await generateX25519Identity();
    const keys = inFolder('identity.txt');
    writeFileSync(keys, `${identity}\n`);
    const server = await S3Server.start('shop-backups');
    try {
      const env = {
        BACKUP_RECIPIENTS: await identityToRecipient(identity),
        BACKUP_IDENTITY_FILE: keys,
        S3_ENDPOINT: server.url,
        S3_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'S3RVER',
        AWS_SECRET_ACCESS_KEY: 'S3RVER',
      };
      const target = 's3://shop-backups/night/';
      const args = ['shops:backup', owner.shop.slug, '--encrypt', '--out', target];
      expect(await runHere(args, { DATABASE_URL: app.database.url, ...env })).toMatchObject({ code: 0 });
      const [key] = server.keys('shop-backups');
      const done = await verifyProcess(`s3://shop-backups/${key}`, { env });
      expect([done.code, done.stderr]).toEqual([0, expect.not.stringContaining('Warning')]);
      expect(answer(done)).toMatchObject({ isEncrypted: true, record: 'same', target });
      writeFileSync(keys, `${await generateX25519Identity()}\n`);
      expect(answer(await verify(`s3://shop-backups/${key}`, env))).toMatchObject({
        ...{ isGood: false, error: { code: 'BACKUP_KEY_WRONG' } },
      });
      const restore = await runHere(['shops:restore', `s3://shop-backups/${key}`, '--as', 'wrong-key'], {
        DATABASE_URL: app.database.url,
        ...env,
      });
      expect(restore.code).toBe(1);
      expect(restore.stderr).toMatch(/^failed: BACKUP_KEY_WRONG: No identity .*\(operation [\w-]+\)\n$/m);
      expect(restore.stderr).not.toContain('operation.failed');
    } finally {
      await server.close();
    }
  });

  it('refuses a file with one other byte in a row, or with another count', async () => {
    const row = altered((tar) => {
      const at = tar.indexOf('Thing ');
      tar[at] = tar[at]! ^ 1;
    });
    const done = await verify(row);
    expect([done.code, answer(done)]).toEqual([
      1,
      {
        isGood: false,
        file: row,
        error: { code: 'BACKUP_INVALID', message: expect.stringContaining('altered') },
      },
    ]);
    const counted = altered((tar) => {
      const manifest = tar.lastIndexOf('"orders": {\n   "rows": 1');
      tar.write('2', tar.indexOf('1', manifest));
    });
    expect(answer(await verify(counted))).toMatchObject({
      error: { code: 'BACKUP_INVALID', message: expect.stringContaining('orders has 1 rows') },
    });
  });

  it('refuses a file that lacks its last bytes, and one that has more', async () => {
    const bytes = readFileSync(file);
    for (const length of [bytes.length - 1, bytes.length - 8, bytes.length >> 1, 0]) {
      writeFileSync(inFolder('cut.tar.gz'), bytes.subarray(0, length));
      const done = await verify(inFolder('cut.tar.gz'));
      expect([length, done.code, answer(done)]).toMatchObject([
        length,
        1,
        { isGood: false, error: { code: 'BACKUP_INVALID' } },
      ]);
    }
    writeFileSync(inFolder('twice.tar.gz'), Buffer.concat([bytes, bytes]));
    expect(answer(await verify(inFolder('twice.tar.gz')))).toMatchObject({ isGood: false });
  });

  it('refuses a whole file that is not the recorded one', async () => {
    const kept = readFileSync(file);
    writeFileSync(file, gzipSync(gunzipSync(kept), { level: 9 }));
    try {
      expect(answer(await verify(file))).toMatchObject({
        error: { code: 'BACKUP_INVALID', message: expect.stringContaining('SHA-256') },
      });
    } finally {
      rmSync(file);
      writeFileSync(file, kept);
    }
  });

  it('finds the record of a file that was moved, and says so when there is none', async () => {
    const other = inFolder('elsewhere');
    mkdirSync(other);
    copyFileSync(file, path.join(other, path.basename(file)));
    expect(answer(await verify(path.join(other, path.basename(file))))).toMatchObject({ record: 'same' });
    copyFileSync(file, path.join(other, 'renamed.tar.gz'));
    expect(answer(await verify(path.join(other, 'renamed.tar.gz')))).toMatchObject({ record: 'none' });
  });

  it('refuses a backup of a newer program by name', async () => {
    const next = programWith({
      name: '1999999999999-add-colour',
      up: 'ALTER TABLE products ADD colour text',
    });
    try {
      const env = { DATABASE_URL: app.database.url };
      const { shop } = await newOwner(app.api);
      expect(
        await runCli(['migrate:tenants', '--only', shop.slug], { env, program: next.program }),
      ).toMatchObject({ code: 0 });
      const newer = await runCli(['shops:backup', shop.slug, '--out', folder.path, '--json'], {
        env,
        program: next.program,
      });
      expect([newer.code, newer.stderr]).toEqual([0, expect.any(String)]);
      const [row] = await app.database.query<{ file: string }>(
        'SELECT file FROM backups WHERE shop_id = $1',
        [shop.id],
      );
      const done = await verify(inFolder(row!.file)); // the backup wrote it
      expect([done.code, answer(done)]).toMatchObject([
        1,
        { error: { code: 'VERSION_UNKNOWN', message: expect.stringContaining('add-colour') } },
      ]);
      expect((await verifyProcess(inFolder(row!.file), { program: next.program })).code).toBe(0);
      const restored = await operate(app, {
        kind: 'restore',
        input: { file: inFolder(row!.file), as: 'newer', over: null, tables: null },
      });
      expect(restored).toMatchObject({ state: 'failed', error: { code: 'VERSION_UNKNOWN' } });
    } finally {
      next.remove();
    }
  });

  it.each(['/srv/backups/', 's3://', 's3://shop-backups', 's3://shop-backups/night/', ''])(
    'asks for the name of a file: %j',
    async (name) => {
      const done = await verify(name);
      expect([done.code, answer(done)]).toMatchObject([
        1,
        { error: { code: 'BACKUP_FILE_NAME_INVALID', message: expect.stringContaining('Name a file') } },
      ]);
    },
  );

  it('names a file that does not exist, on standard error without --json', async () => {
    const done = await verify(inFolder('none.tar.gz'));
    expect([done.code, answer(done)]).toMatchObject([1, { error: { code: 'BACKUP_FILE_NOT_FOUND' } }]);
    const { code, stdout, stderr } = await runHere(['shops:verify-backup', inFolder('none.tar.gz')], {});
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('BACKUP_FILE_NOT_FOUND');
  });
});
