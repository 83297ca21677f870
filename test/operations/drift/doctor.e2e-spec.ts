import { randomBytes } from 'node:crypto';
import { ENV, type Env } from '../../../src/config/env';
import { type Installation, INSTALLATION } from '../../../src/database/installation';
import { examine } from '../../../src/operations/drift/doctor';
import { WarmPool } from '../../../src/tenancy/warm-pool';
import { TenantLocator } from '../../../src/tenancy/tenant-locator';
import { createTestDatabase } from '../../support/database';
import { newOrder, newOwner, newProduct } from '../../support/factories';
import { STOCK_LEDGER } from '../../../src/tenant/products/stock-check';
import { useTestApp } from '../../support/test-app';
import { CONSTRUCTS } from './doctor-faults/constructs';
import { type Fault, type Fleet, type FleetShop, type Named, NOBODYS } from './doctor-faults/fault';
import { RECORDS } from './doctor-faults/records';
import { RIGHTS } from './doctor-faults/rights';
import { ROLES } from './doctor-faults/roles';
import { STRUCTURE } from './doctor-faults/structure';

const app = useTestApp({ BACKUP_SCHEDULE: '30 2 * * *' });
let fleet: Fleet;
/** Settings that doctor finds fault with on the server under test, which may be any server. */
let server: Set<string>;

beforeAll(async () => {
  const owners = await Promise.all(Array.from({ length: 4 }, () => newOwner(app.api)));
  for (const { api } of owners) await newOrder(api, (await newProduct(api)).id);
  const installation = app.app.get<Installation>(INSTALLATION, { strict: false });
  const [a, b] = owners.map(({ shop: { id, slug } }): FleetShop => {
    const { schema } = app.app.get(TenantLocator, { strict: false }).locate(id);
    return { id, slug, schema };
  });
  fleet = { a: a!, b: b!, roles: installation.roles, database: app.database.name, user: owners[0]!.user.id };
  const { findings } = await diagnosis();
  server = new Set(findings.filter(({ check }) => check === 'server-setting').map(({ object }) => object));
});

function diagnosis() {
  const installation = app.app.get<Installation>(INSTALLATION, { strict: false });
  return examine(installation, app.app.get<Env>(ENV, { strict: false }), undefined, [STOCK_LEDGER]);
}

/** Findings of doctor, by name. */
async function found(): Promise<Named[]> {
  const { findings } = await diagnosis();
  return findings
    .filter(({ check, object }) => !(check === 'server-setting' && server.has(object)))
    .map(({ check, shop, object }) => [check, shop, object]);
}

const inAnyOrder = (findings: Named[]) => findings.map((finding) => finding.join('  ')).toSorted();

describe('doctor', () => {
  it('finds nothing wrong with shops that have sold something', async () => {
    expect(await found()).toEqual([]);
    expect(await diagnosis()).toMatchObject({ tenants: 4, schemas: 4 });
  });

  it('finds nothing wrong with spare tenants, except a wrong version in the registry', async () => {
    await app.app.get(WarmPool, { strict: false }).fill(2);
    expect(await found()).toEqual([]);
    await app.database.query(
      `UPDATE tenants SET version = version - 1 WHERE shop_id IN (SELECT shop_id FROM spare_tenants)`,
    );
    expect((await found()).map(([check]) => check)).toEqual(['version-index', 'version-index']);
    await app.database.query(
      `UPDATE tenants SET version = version + 1 WHERE shop_id IN (SELECT shop_id FROM spare_tenants)`,
    );
  });

  it('says what is wrong, how bad it is and what to do', async () => {
    const { a, b } = fleet;
    await app.database.query(`GRANT SELECT ON ${a.schema}.orders TO ${b.schema}`);
    const { findings } = await diagnosis();
    await app.database.query(`REVOKE SELECT ON ${a.schema}.orders FROM ${b.schema}`);
    expect(findings.find(({ check }) => check === 'foreign-grant')).toEqual({
      check: 'foreign-grant',
      severity: 'error',
      shop: a.slug,
      object: 'orders',
      detail: expect.stringContaining(`${b.schema} has SELECT`),
      remedy: expect.stringMatching(/\S/),
    });
  });

  it('advises first what gives back, then what closes a leak, last what takes away', async () => {
    const { a, b, roles } = fleet;
    await app.database.query(`ALTER SCHEMA ${a.schema} RENAME TO hidden; CREATE ROLE ${NOBODYS};
      GRANT SELECT ON ${b.schema}.orders TO PUBLIC; CREATE TABLE ${b.schema}.notes ();
      ALTER TABLE ${b.schema}.notes OWNER TO "${roles.owner}"`);
    const order = await found();
    await app.database.query(`ALTER SCHEMA hidden RENAME TO ${a.schema}; DROP ROLE ${NOBODYS};
      REVOKE SELECT ON ${b.schema}.orders FROM PUBLIC; DROP TABLE ${b.schema}.notes`);
    expect(order.map(([check]) => check)).toEqual([
      'shop-without-schema',
      'public-grant',
      'table-extra',
      'leftover-role',
    ]);
  });

  it('leaves no object in the database', async () => {
    const all = () =>
      app.database.query(
        `SELECT (SELECT count(*) FROM pg_namespace) AS schemas, (SELECT count(*) FROM pg_class) AS relations,
         (SELECT count(*) FROM pg_shdepend WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())) AS rights`,
      );
    const before = await all();
    await diagnosis();
    expect(await all()).toEqual(before);
  });

  it('ignores a role that a login of another installation may become', async () => {
    const other = `shop_${randomBytes(16).toString('hex')}`;
    await app.database.query(
      `CREATE ROLE ${other}; CREATE ROLE ${other}_login LOGIN; GRANT ${other} TO ${other}_login`,
    );
    const findings = await found();
    await app.database.query(`DROP ROLE ${other}, ${other}_login`);
    expect(findings).toEqual([]);
  });

  it('ignores a role that an object in another database depends on', async () => {
    const other = `shop_${randomBytes(16).toString('hex')}`;
    const database = await createTestDatabase();
    await database.query(`CREATE ROLE ${other}; CREATE SCHEMA ${other} AUTHORIZATION ${other}`);
    const findings = await found();
    await database.drop();
    expect(findings).toEqual([]);
  });
});

describe.each([
  ['structure', STRUCTURE],
  ['constructs', CONSTRUCTS],
  ['rights', RIGHTS],
  ['roles', ROLES],
  ['records', RECORDS],
])('doctor, of %s,', (_kind, faults: Fault[]) => {
  it.each(faults)('finds $name, and nothing else', async ({ inject, found: expected, repair }) => {
    await app.database.query(inject(fleet));
    let findings: Named[];
    try {
      findings = await found();
    } finally {
      await app.database.query(repair(fleet));
    }
    expect(inAnyOrder(findings)).toEqual(inAnyOrder(expected(fleet)));
  });

  it('finds nothing once all faults are repaired', async () => {
    expect(await found()).toEqual([]);
  });
});
