import type { Diagnosis } from '../../src/operations/drift/doctor';
import { createTestDatabase } from '../support/database';
import { newOwner } from '../support/factories';
import { runCli } from '../support/program';
import { WarmPool } from '../../src/tenancy/warm-pool';
import { useTestApp } from '../support/test-app';

/** Checks of the server, which other tests change too. */
const OF_SERVER = ['server-setting', 'leftover-role'];

const app = useTestApp();
let slug: string;

const doctor = (...args: string[]) =>
  runCli(['doctor', ...args], { env: { DATABASE_URL: app.database.url } });

async function diagnosis(): Promise<{ code: number | null } & Diagnosis> {
  const { code, stdout } = await doctor('--json');
  return { code, ...(JSON.parse(stdout) as Diagnosis) };
}

beforeAll(async () => {
  ({
    shop: { slug },
  } = await newOwner(app.api));
});

describe('doctor', () => {
  it('exits 0 if it finds no fault, except of a server that is not ours', async () => {
    const { code, findings, tenants } = await diagnosis();
    expect(findings.filter(({ check }) => !OF_SERVER.includes(check))).toEqual([]);
    expect([code, tenants]).toEqual([findings.length === 0 ? 0 : 1, 1]);
  });

  it('exits 1 for a fault that a start would repair, prints it, and does not repair it', async () => {
    await app.database.query(`GRANT TEMPORARY ON DATABASE "${app.database.name}" TO PUBLIC`);
    for (const { code, stdout } of [await doctor(), await doctor()]) {
      expect(stdout).toContain('database-rights');
      expect(stdout).toMatch(/^1 tenant\(s\), 1 schema\(s\): 1 error\(s\)/m);
      expect(code).toBe(1);
    }
    await app.database.query(`REVOKE TEMPORARY ON DATABASE "${app.database.name}" FROM PUBLIC`);
  });

  it('names the shop in JSON', async () => {
    const change = (version: string) =>
      app.database.query(`UPDATE public.tenants SET version = version ${version}`);
    await change('- 1');
    const { code, findings } = await diagnosis();
    await change('+ 1');
    expect(code).toBe(1);
    expect(findings).toContainEqual(expect.objectContaining({ check: 'version-index', shop: slug }));
  });

  it('advises --only with the id of a spare tenant, which has no slug, and migrate:tenants takes it', async () => {
    await app.app.get(WarmPool, { strict: false }).fill(1);
    const [spare] = await app.database.query<{ id: string }>(`UPDATE tenants t
      SET status = 'failed', last_error = 'no', checksum = 'other' FROM spare_tenants s
      WHERE s.shop_id = t.shop_id RETURNING t.shop_id AS id`);
    const { findings } = await diagnosis();
    const { remedy } = findings.find(({ check }) => check === 'migration-failed')!; // caused above
    expect(remedy).toContain(`npm run migrate:tenants -- --only ${spare!.id}`);
    const { code, stdout } = await runCli(['migrate:tenants', '--only', spare!.id], {
      env: { DATABASE_URL: app.database.url },
    });
    expect([code, stdout]).toEqual([0, expect.stringContaining('0 failed')]);
  });

  it('says what to do on a database that the program never ran on, and creates nothing there', async () => {
    const fresh = await createTestDatabase();
    try {
      const { code, stderr } = await runCli(['doctor'], { env: { DATABASE_URL: fresh.url } });
      expect([code, stderr]).toEqual([1, expect.stringContaining('Start the program on this database once')]);
      expect(await fresh.query(`SELECT FROM pg_roles WHERE rolname LIKE '${fresh.name}\\_%'`)).toEqual([]);
    } finally {
      await fresh.drop();
    }
  });
});
