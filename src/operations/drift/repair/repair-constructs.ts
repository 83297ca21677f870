import { quoteIdent } from '../../../database/identifiers';
import type { Roles } from '../../../database/roles';
import type { Construct } from '../constructs';
import type { Drift } from '../drift';
import { droppedBy, qualified, type Statement } from './statement';

/** Drops what no shop may have and gives back what belongs to somebody else. Nothing is dropped by CASCADE. */
export function mendConstructs(drift: Drift, roles: Roles, why: (row: Construct) => string): Statement[] {
  const dropped = droppedBy(drift);
  const isGone = ({ tbl, type }: Construct) => tbl !== null && dropped.has(tbl) && !(type in DROPS);
  return drift.constructs
    .filter((row) => !isGone(row))
    .flatMap((row) => {
      const statement = row.check === 'wrong-owner' ? giveBack(drift, roles, row) : remove(drift, row);
      return statement === null ? [] : [{ ...statement, why: [why(row)] }];
    });
}

type Reasonless = Omit<Statement, 'why'> | null;

/** Views and the like with a wrong owner are dropped. */
function giveBack(drift: Drift, { owner }: Roles, { tbl, type }: Construct): Reasonless {
  const to = `OWNER TO ${quoteIdent(owner)}`;
  const by = { phase: 'owner', as: 'session' } as const;
  if (type === 'schema') return { ...by, sql: `ALTER SCHEMA ${quoteIdent(drift.tenant.schema)} ${to}` };
  return type === 'r' || type === 'p' ? { ...by, sql: `ALTER TABLE ${qualified(drift, tbl!)} ${to}` } : null; // it is one
}

/** Relations, by `relkind`. */
const DROPS: Record<string, string> = {
  v: 'VIEW',
  m: 'MATERIALIZED VIEW',
  f: 'FOREIGN TABLE',
  S: 'SEQUENCE',
  c: 'TYPE',
};

const ON_TABLE = ['trigger', 'rule', 'policy'];

function remove(drift: Drift, row: Construct): Reasonless {
  const { type, tbl, name, oid, inner, identity } = row;
  if (inner) return null; // goes with what it belongs to
  if (ON_TABLE.includes(type))
    return {
      phase: 'detach',
      sql: `DROP ${type.toUpperCase()} ${quoteIdent(name!)} ON ${qualified(drift, tbl!)}`,
    }; // on one
  if (type === 'identity') return dropIdentity(drift, row);
  if (type === 'inheritance' || type === 'partition') return detach(drift, row);
  if (type === 'p')
    return { phase: 'detach', cautions: ['DECIDE: make a plain table, move the rows there, drop this one'] };
  const isRelation = type in DROPS;
  const kind = DROPS[type] ?? NAMES[type] ?? type.toUpperCase();
  const what = isRelation ? qualified(drift, tbl!) : identity;
  if (type === 'publication namespace') return unpublish(drift, identity!); // every object has one
  return {
    phase: type === 'v' || type === 'm' ? 'drop views' : 'drop objects',
    order: type === 'extension' ? Number.MIN_SAFE_INTEGER : -oid, // what came later may depend on what was there
    sql: `DROP ${kind} IF EXISTS ${what}`,
    ...(type === 'extension' && { as: 'session' as const }),
  };
}

/** Where a statement says it otherwise than PostgreSQL calls it. */
const NAMES: Record<string, string> = { 'statistics object': 'STATISTICS' };

function dropIdentity(drift: Drift, { tbl, name, object }: Construct): Reasonless {
  const isDropped = drift.structure.some((row) => row.object === object && row.expected === null);
  if (isDropped) return null;
  const sql = `ALTER TABLE ${qualified(drift, tbl!)} ALTER COLUMN ${quoteIdent(name!)} DROP IDENTITY`; // on one
  return { phase: 'detach', sql };
}

function detach(drift: Drift, { type, tbl, identity }: Construct): Reasonless {
  const table = qualified(drift, tbl!); // it is one
  const sql =
    type === 'partition'
      ? `ALTER TABLE ${identity} DETACH PARTITION ${table}`
      : `ALTER TABLE ${table} NO INHERIT ${identity}`;
  return { phase: 'detach', as: 'session', sql };
}

function unpublish(drift: Drift, identity: string): Reasonless {
  const publication = identity.replace(/^.* in publication /, '');
  const sql = `ALTER PUBLICATION ${publication} DROP TABLES IN SCHEMA ${quoteIdent(drift.tenant.schema)}`;
  return { phase: 'detach', as: 'session', sql };
}
