import { quoteIdent } from '../../../database/identifiers';
import type { Roles } from '../../../database/roles';
import { type CheckName, remedyOf } from '../checks';
import type { Drift } from '../drift';
import { repairColumns } from './repair-columns';
import { repairConstraints } from './repair-constraints';
import { repairConstructs } from './repair-constructs';
import { repairIndexes } from './repair-indexes';
import { repairRights } from './repair-rights';
import { repairTables } from './repair-tables';
import { PHASES, reasonOf, type Statement } from './statement';

/**
 * SQL that would repair the drifts: one transaction a tenant, each statement with its finding. An operator reads and
 * runs it. If something unforeseen depends on a dropped object, PostgreSQL refuses and rolls back that tenant.
 * @returns lines
 */
export function* repairScript(drifts: readonly Drift[], roles: Roles, database: string): Generator<string> {
  yield comment(`Repairs what migrate:verify found in the database ${database}.`);
  yield comment(
    'Read it first; search for LOSES DATA, DECIDE, MAY FAIL and BLOCKS. Then back up and run it as a superuser:',
  );
  yield comment(`psql -X -v ON_ERROR_STOP=1 -f <this file> <URL of ${database}>, and verify again.`);
  if (drifts.length === 0) yield comment('There is nothing to repair.');
  for (const drift of drifts) yield* repairOf(drift, roles);
}

function* repairOf(drift: Drift, roles: Roles): Generator<string> {
  const { shop, schema } = drift.tenant;
  yield '';
  yield comment(`Shop ${shop}, schema ${schema}`);
  for (const observation of drift.faults.filter(({ check }) => BY_HAND.has(check)))
    yield* [comment(reasonOf(observation)), comment(`DECIDE: ${remedyOf(observation.check, shop)}`)];
  const statements = statementsOf(drift, roles).sort(inOrder);
  if (statements.length === 0) return;
  yield `BEGIN;`;
  yield `SET LOCAL lock_timeout = '5s';`;
  yield `SET LOCAL search_path TO pg_catalog;`;
  let current: Statement['as'] | 'owner' = 'session';
  for (const { sql, why, cautions = [], as = 'owner' } of statements) {
    if (sql !== undefined && as !== current) {
      yield as === 'session' ? 'RESET ROLE;' : `SET LOCAL ROLE ${quoteIdent(roles[as])};`;
      current = as;
    }
    yield* [...why, ...cautions].map(comment);
    if (sql !== undefined) yield `${sql};`;
  }
  yield 'COMMIT;';
}

/** Findings that no statement can repair. */
const BY_HAND = new Set<CheckName>([
  'version-ahead',
  'version-behind',
  'version-row-missing',
  'shop-without-schema',
]);

function statementsOf(drift: Drift, roles: Roles): Statement[] {
  return [
    ...createRole(drift, roles),
    ...repairTables(drift),
    ...repairColumns(drift),
    ...repairConstraints(drift),
    ...repairIndexes(drift),
    ...repairConstructs(drift, roles),
    ...repairRights(drift),
  ];
}

/** The admin login creates it, so that it may grant and drop it. */
function createRole({ tenant, faults }: Drift, roles: Roles): Statement[] {
  const role = quoteIdent(tenant.schema);
  return faults
    .filter(({ check }) => check === 'schema-without-role')
    .map((observation) => ({
      phase: 'role',
      as: 'admin',
      sql: `CREATE ROLE ${role} NOLOGIN; GRANT ${role} TO ${quoteIdent(roles.tenant)}`,
      why: [reasonOf(observation)],
    }));
}

function inOrder(a: Statement, b: Statement): number {
  const phase = ({ phase: name }: Statement) => PHASES.indexOf(name);
  return phase(a) - phase(b) || (a.order ?? 0) - (b.order ?? 0);
}

/** Names in a database may contain line breaks; the text after one would be SQL. */
function comment(text: string): string {
  return `-- ${text.replaceAll(/\s+/g, ' ')}`;
}
