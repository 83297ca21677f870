import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createTestDatabase } from '../support/database';
import { newOwner } from '../support/factories';
import { programWith, runCli, scratchFolder } from '../support/program';
import { useTestApp } from '../support/test-app';

const VERSION = 1900000000000;
const NEXT = `${VERSION}-create-suppliers`;

const app = useTestApp();
const next = programWith({
  name: NEXT,
  up: 'CREATE TABLE suppliers (id uuid PRIMARY KEY, name text NOT NULL)',
  down: 'DROP TABLE suppliers',
});

const verify = (...args: string[]) =>
  runCli(['migrate:verify', ...args], { program: next.program, env: { DATABASE_URL: app.database.url } });

/** Shops; the second is at the next version. */
const shops: { slug: string; schema: string }[] = [];

beforeAll(async () => {
  for (const slug of ['one', 'two', 'three']) {
    const { shop } = await newOwner(app.api, { slug });
    shops.push({ slug, schema: `shop_${shop.id.replaceAll('-', '')}` });
  }
  const { schema } = shops[1]!;
  await app.database.query(
    `BEGIN; SET LOCAL ROLE "${app.database.name}_owner"; SET LOCAL search_path TO ${schema};
     CREATE TABLE suppliers (id uuid PRIMARY KEY, name text NOT NULL);
     INSERT INTO schema_migrations (version, name) VALUES (${VERSION}, '${NEXT}'); RESET ROLE;
     UPDATE public.tenants SET version = ${VERSION}
     WHERE 'shop_' || replace(shop_id::text, '-', '') = '${schema}'; COMMIT`,
  );
});
afterAll(() => next.remove());

describe('migrate:verify', () => {
  it('exits 0 for a fleet of two versions without drift', async () => {
    expect(await verify()).toEqual({
      code: 0,
      stdout: '3 tenant(s) at 2 version(s): 0 differ\n',
      stderr: expect.stringMatching(/^database {2}\S+ \(DATABASE_URL\)\n$/),
    });
  });

  it('says what to do on a database that the program never ran on, and creates nothing there', async () => {
    const fresh = await createTestDatabase();
    try {
      const { code, stderr } = await runCli(['migrate:verify'], { env: { DATABASE_URL: fresh.url } });
      expect([code, stderr]).toEqual([1, expect.stringContaining('Start the program on this database once')]);
      expect(await fresh.query(`SELECT FROM pg_roles WHERE rolname LIKE '${fresh.name}\\_%'`)).toEqual([]);
    } finally {
      await fresh.drop();
    }
  });
});

describe('migrate:verify, where shops differ,', () => {
  beforeAll(() =>
    app.database.query(`ALTER TABLE ${shops[0]!.schema}.orders DROP COLUMN customer_name;
      ALTER TABLE ${shops[1]!.schema}.suppliers ADD COLUMN note text`),
  );

  it('prints a line for each finding and a summary, and exits 1', async () => {
    const { code, stdout } = await verify();
    expect(code).toBe(1);
    expect(stdout).toBe(
      `one  column-missing  orders.customer_name: expected text, found nothing
two  column-extra  suppliers.note: expected nothing, found text
3 tenant(s) at 2 version(s): 2 differ
`,
    );
  });

  it('prints one JSON document', async () => {
    const { code, stdout } = await verify('--json', '--only', 'two,three');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      tenants: 2,
      versions: [
        { version: expect.any(Number), tenants: 1 },
        { version: VERSION, tenants: 1 },
      ],
      findings: [expect.objectContaining({ shop: 'two', check: 'column-extra', object: 'suppliers.note' })],
    });
  });

  it('inspects the wanted shops only, and refuses one that does not exist', async () => {
    expect((await verify('--only', 'three')).code).toBe(0);
    const { code, stderr } = await verify('--only', 'three,nowhere');
    expect([code, stderr]).toEqual([1, expect.stringContaining('nowhere')]);
  });

  it('refuses to mix JSON and SQL on standard output', async () => {
    const { code, stdout } = await verify('--json', '--repair', '-');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'OPERATOR_ERROR', message: expect.stringContaining('--repair <file>') },
    });
  });

  it('writes the repair to a file or prints it alone, and does not run it', async () => {
    const file = path.join(scratchFolder(), 'repair.sql');
    const written = await verify('--repair', file);
    expect(written.stdout).toContain('2 differ');
    const printed = await verify('--repair', '-');
    expect(printed.stdout).toBe(readFileSync(file, 'utf8'));
    expect(printed.stderr).toContain('2 differ');

    await app.database.query(printed.stdout);
    expect((await verify()).code).toBe(0);
  });

  it('writes no file if it cannot verify', async () => {
    const file = path.join(scratchFolder(), 'repair.sql');
    expect((await verify('--only', 'nowhere', '--repair', file)).code).toBe(1);
    expect(existsSync(file)).toBe(false);
  });
});
