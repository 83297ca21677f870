import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { runHere } from '../support/command';
import { createTestDatabase } from '../support/database';
import { runCli, scratchFolder } from '../support/program';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
const LOOKS = [
  ['doctor'],
  ['doctor', '--json'],
  ['keys:list'],
  ['migrate:status'],
  ['migrate:status', '--json'],
  ['migrate:verify'],
  ['migrate:tenants', '--plan'],
  ['migrate:tenants', '--dry-run'],
  ['db:bootstrap', '--dry-run'],
  ['db:harden', '--dry-run'],
];

describe('commands', () => {
  it.each([...LOOKS, ['migrate:public'], ['migrate:tenants', '--json']])(
    'say on standard error which database they look at: %s %s',
    async (...args) => {
      const { hostname, port, password } = new URL(app.database.url);
      const { stdout, stderr } = await runHere(args, { DATABASE_URL: app.database.url });
      expect(stderr.split('\n')[0]).toBe(`database  ${hostname}:${port}/${app.database.name} (DATABASE_URL)`);
      expect(stdout).not.toContain('(DATABASE_URL)');
      if (password !== '') expect(stderr.replaceAll(app.database.name, '')).not.toContain(`:${password}`);
    },
  );

  it('say it before they fail', async () => {
    const url = 'postgres://nobody:geheim@127.0.0.1:1/shops';
    for (const args of [['doctor'], ['migrate:tenants']]) {
      const { code, stderr } = await runCli(args, { env: { DATABASE_URL: url } });
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^database {2}127\.0\.0\.1:1\/shops /)]);
      expect(stderr).not.toContain('geheim');
    }
  });

  it.each(['p@ss/w#rd', 'Tr0ub/4dor', '12#34', '12/34', '7?7', 'x%zz'])(
    'show no piece of the password %j that is not encoded',
    async (password) => {
      for (const name of ['doctor', 'migrate:tenants', 'demo']) {
        const env = { DATABASE_URL: `postgres://stoa:${password}@db.internal/shops` };
        const { code, stdout, stderr } = await runHere([name], env);
        expect(code).toBe(1);
        expect(stdout + stderr).not.toMatch(/p@ss|ss\/|w#rd|rd@|Tr0ub|4dor|12#|34|7\?7|x%|zz|db\.internal/);
      }
    },
  );
});

describe('commands that only look', () => {
  it.each(LOOKS)('create no embedded database: %s %s', async (...args) => {
    const dir = path.join(scratchFolder(), 'data');
    const { code, stdout, stderr } = await runHere(args, { DATA_DIR: dir, APP_SECRET: '' });
    const answer = args.includes('--json') ? (JSON.parse(stdout) as { error: object }).error : stdout;
    const wanted = `There is no database in DATA_DIR (${dir})`;
    expect(code).toBe(1);
    expect(answer).toEqual(
      args.includes('--json') ? { code: 'OPERATOR_ERROR', message: expect.stringContaining(wanted) } : '',
    );
    expect(stderr).toContain(wanted);
    expect(existsSync(dir)).toBe(false);
  });

  it('leave a DATA_DIR without a database as it is', async () => {
    const dir = path.join(scratchFolder(), 'data');
    mkdirSync(dir);
    expect((await runHere(['doctor'], { DATA_DIR: dir })).code).toBe(1);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('create neither secret nor login, and say why they are refused', async () => {
    const fresh = await createTestDatabase();
    const dir = path.join(scratchFolder(), 'data');
    const env = { DATABASE_URL: fresh.url, DATA_DIR: dir, APP_SECRET: '' };
    const status = await runHere(['migrate:status'], env);
    const plan = await runHere(['db:bootstrap', '--dry-run'], env);
    await fresh.drop();
    expect([status.code, status.stderr]).toEqual([
      1,
      expect.stringContaining('the program never ran on this'),
    ]);
    expect(plan.code).toBe(0);
    expect(existsSync(dir)).toBe(false);
  });

  it('change no right: migrate:tenants --plan', async () => {
    const { name } = app.database;
    const env = { DATABASE_URL: app.database.url };
    await app.database.query(`GRANT TEMPORARY ON DATABASE "${name}" TO PUBLIC`);
    const { code } = await runHere(['migrate:tenants', '--plan'], env);
    const [right] = await app.database.query(
      `SELECT datacl::text LIKE '%=T%/%' AS granted FROM pg_database WHERE datname = '${name}'`,
    );
    await app.database.query(`REVOKE TEMPORARY ON DATABASE "${name}" FROM PUBLIC`);
    expect([code, right]).toEqual([0, { granted: true }]);
  });
});
