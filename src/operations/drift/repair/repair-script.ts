import { quoteIdent } from '../../../database/identifiers';
import type { Roles } from '../../../database/roles';
import { CHECKS } from '../checks';
import type { Observation } from '../findings';
import { rightObservationOf } from '../rights';
import { observationOf } from '../structure';
import type { Drift } from '../drift';
import { mendColumns } from './repair-columns';
import { mendConstraints } from './repair-constraints';
import { mendConstructs } from './repair-constructs';
import { mendIndexes } from './repair-indexes';
import { mendRights } from './repair-rights';
import { mendTables } from './repair-tables';
import { PHASES, type Statement } from './statement';

/**
 * SQL that would mend everything found: a transaction a tenant, each statement with the finding it is for. It is
 * for a person to read and to run; PostgreSQL refuses what something unforeseen depends on, and undoes that tenant.
 * @returns lines
 */
export function* repairScript(drifts: readonly Drift[], roles: Roles, database: string): Generator<string> {
  yield comment(`Mends what migrate:verify found in the database ${database}.`);
  yield comment(
    'Read it first; look for LOSES DATA, DECIDE, MAY FAIL and BLOCKS. Then run it, after a backup, as a superuser:',
  );
  yield comment(`psql -X -v ON_ERROR_STOP=1 -f <this file> <URL of ${database}>, and verify again.`);
  if (drifts.length === 0) yield comment('There is nothing to mend.');
  for (const drift of drifts) yield* repairOf(drift, roles);
}

function* repairOf(drift: Drift, roles: Roles): Generator<string> {
  const { shop, schema } = drift.tenant;
  yield '';
  yield comment(`Shop ${shop}, schema ${schema}`);
  for (const observation of drift.others.filter(({ check }) => BY_HAND.has(check)))
    yield* [comment(whyOf(observation)), comment(`DECIDE: ${CHECKS[observation.check].remedy}`)];
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

/** What no statement mends. */
const BY_HAND = new Set<string>(['version-ahead', 'version-row-missing', 'shop-without-schema']);

function statementsOf(drift: Drift, roles: Roles): Statement[] {
  return [
    ...makeRole(drift, roles),
    ...mendTables(drift, (row) => whyOf(observationOf(row))),
    ...mendColumns(drift, (row) => whyOf(observationOf(row))),
    ...mendConstraints(drift, (row) => whyOf(observationOf(row))),
    ...mendIndexes(drift, (row) => whyOf(observationOf(row))),
    ...mendConstructs(drift, roles, whyOf),
    ...mendRights(drift, (row) => whyOf(rightObservationOf(row))),
  ];
}

/** By the admin login, which may then hand it on and drop it. */
function makeRole({ tenant, others }: Drift, roles: Roles): Statement[] {
  const role = quoteIdent(tenant.schema);
  return others
    .filter(({ check }) => check === 'schema-without-role')
    .map((observation) => ({
      phase: 'role',
      as: 'admin',
      sql: `CREATE ROLE ${role} NOLOGIN; GRANT ${role} TO ${quoteIdent(roles.tenant)}`,
      why: [whyOf(observation)],
    }));
}

function inOrder(a: Statement, b: Statement): number {
  const phase = ({ phase: name }: Statement) => PHASES.indexOf(name);
  return phase(a) - phase(b) || (a.order ?? 0) - (b.order ?? 0);
}

function whyOf({ check, object, detail }: Observation): string {
  return `${check} ${object}: ${detail}`;
}

/** Names in a database may hold line breaks, and what follows one would be SQL. */
function comment(text: string): string {
  return `-- ${text.replaceAll(/\s+/g, ' ')}`;
}
