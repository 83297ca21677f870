import { quoteIdent } from '../../../database/identifiers';
import type { Roles } from '../../../database/roles';
import type { Construct } from '../constructs';
import type { Drift } from '../drift';
import { alterTable, droppedBy, qualified, reasonOf, type Statement } from './statement';

/** Drops forbidden constructs, never by CASCADE, and gives the owner what it should own. */
export function repairConstructs(drift: Drift, roles: Roles): Statement[] {
  const dropped = droppedBy(drift);
  const isGone = ({ tbl, type }: Construct) => tbl !== null && dropped.has(tbl) && !(type in RELATIONS);
  return drift.constructs
    .filter((row) => !isGone(row))
    .flatMap((row) => {
      const statement = row.check === 'wrong-owner' ? changeOwner(drift, roles, row) : remove(drift, row);
      return statement === null ? [] : [{ ...statement, why: [reasonOf(row)] }];
    });
}

type Unexplained = Omit<Statement, 'why'>;

/** Views and other forbidden relations are dropped instead. */
function changeOwner(drift: Drift, { owner }: Roles, { tbl, type }: Construct): Unexplained | null {
  const to = `OWNER TO ${quoteIdent(owner)}`;
  const by = { phase: 'owner', as: 'session' } as const;
  if (type === 'schema') return { ...by, sql: `ALTER SCHEMA ${quoteIdent(drift.tenant.schema)} ${to}` };
  return type === 'r' || type === 'p' ? { ...by, sql: `${alterTable(drift, tbl!)} ${to}` } : null; // it is one
}

/** Kinds of relations, by `relkind`. */
const RELATIONS: Record<string, string> = {
  v: 'VIEW',
  m: 'MATERIALIZED VIEW',
  f: 'FOREIGN TABLE',
  S: 'SEQUENCE',
  c: 'TYPE',
};

/** Kinds whose name in statements is not the one that PostgreSQL reports. */
const KINDS: Record<string, string> = { 'statistics object': 'STATISTICS' };

function remove(drift: Drift, row: Construct): Unexplained | null {
  const { type, tbl, oid, inner } = row;
  if (inner) return null; // dropped with what it belongs to
  const detached = detach(drift, row);
  if (detached !== undefined) return detached;
  return {
    phase: type === 'v' || type === 'm' ? 'drop views' : 'drop objects',
    order: type === 'extension' ? Number.MIN_SAFE_INTEGER : -oid, // newer objects may depend on older ones
    sql: `DROP ${RELATIONS[type] ?? KINDS[type] ?? type.toUpperCase()} IF EXISTS ${
      type in RELATIONS ? qualified(drift, tbl!) : row.identity // a relation has a name
    }`,
    ...(type === 'extension' && { as: 'session' as const }),
  };
}

/** Removes a property of a table or of the schema; undefined for an object of its own, null if nothing is to do. */
function detach(drift: Drift, row: Construct): Unexplained | null | undefined {
  const { type, tbl, name, identity, object } = row;
  const phase = 'detach';
  const schema = quoteIdent(drift.tenant.schema);
  switch (type) {
    case 'trigger':
    case 'rule':
    case 'policy':
      return { phase, sql: `DROP ${type.toUpperCase()} ${quoteIdent(name!)} ON ${qualified(drift, tbl!)}` }; // on one
    case 'identity': {
      const isDropped = drift.structure.some((other) => other.object === object && other.expected === null);
      const sql = `${alterTable(drift, tbl!)} ALTER COLUMN ${quoteIdent(name!)} DROP IDENTITY`; // on one
      return isDropped ? null : { phase, sql };
    }
    case 'partition':
      return {
        phase,
        as: 'session',
        sql: `ALTER TABLE ${identity} DETACH PARTITION ${qualified(drift, tbl!)}`,
      };
    case 'inheritance':
      return { phase, as: 'session', sql: `${alterTable(drift, tbl!)} NO INHERIT ${identity}` };
    case 'p':
      return { phase, cautions: ['DECIDE: create a plain table, move the rows there, drop this one'] };
    case 'publication namespace': {
      const publication = identity!.replace(/^.* in publication /, ''); // every object has one
      return {
        phase,
        as: 'session',
        sql: `ALTER PUBLICATION ${publication} DROP TABLES IN SCHEMA ${schema}`,
      };
    }
    default:
      return undefined;
  }
}
