import type { EngineClient } from '../../database/engine-client';
import { quoteIdent, quoteLiteral } from '../../database/identifiers';
import type { Roles } from '../../database/roles';
import { VERSION_TABLE } from '../../database/schema-migrations';
import { engineTableRights } from '../../tenancy/provision-sql';
import type { Placement } from '../../tenancy/tenant';
import { ENGINE_TABLES } from '../../tenancy/tenant-migrations';
import { TenantLocator } from '../../tenancy/tenant-locator';
import { tenantLockKey } from '../tenant-lock';
import { retryWhileBusy } from './retry-while-busy';

/**
 * Wait for the lock that every transaction of the shop takes first (src/tenancy/preamble.ts): requests of the shop wait this
 * long per attempt, and for the rest of the transaction once it is held. It grows from attempt to attempt, for a shop whose
 * transactions take longer.
 */
const FIRST_LOCK_MS = 40;
const LONGEST_LOCK_MS = 500;
const REST_MS = 100;

/**
 * Exchanges the data of a shop and of a held tenant, in one transaction of some 20 ms: their schemas swap names, the
 * rights follow, and so do their rows in the registry. A second exchange undoes the first.
 *
 * Every transaction of the shop locks the version table before it does anything. The exchange takes that lock alone, so it
 * waits for transactions that have begun, and those that begin wait for it with nothing in their hands; afterwards they find
 * their tables by name in the new schema, as the same role. Each works on one side only and none fails.
 * A shop whose schema is gone just gets that of the held tenant, which nothing is left of then.
 * @param within runs in the transaction after the exchange; false when the held tenant has nothing to be kept
 * @returns how long requests of the shop waited at most, milliseconds
 * @throws OperatorError when other transactions never let go for a minute
 */
export async function swapTenants(
  client: EngineClient,
  roles: Roles,
  shopId: string,
  heldId: string,
  within: (isKept: boolean) => Promise<void>,
  signal: AbortSignal,
): Promise<number> {
  const locator = new TenantLocator();
  const [live, held] = [locator.locate(shopId), locator.locate(heldId)];
  let lockMs = FIRST_LOCK_MS;
  const attempt = async () => {
    const tables = await tablesOf(client, [live, held]);
    const asked = performance.now();
    await client.exec(lockSql(live, held, tables, Math.round(lockMs)));
    await client.exec(swapSql(live, held, roles, tables, shopId, heldId));
    await within(tables.has(live.schema));
    await client.exec('COMMIT');
    return Math.round(performance.now() - asked);
  };
  return retryWhileBusy(client, signal, attempt, () => {
    lockMs = Math.min(lockMs * 1.25, LONGEST_LOCK_MS);
    return REST_MS * (0.5 + Math.random());
  });
}

/** Names of the tables by schema; a schema that does not exist has no entry. */
type Tables = Map<string, string[]>;

async function tablesOf(client: EngineClient, places: readonly Placement[]): Promise<Tables> {
  const { rows } = await client.query<{ schema: string; names: string[] }>(
    `SELECT n.nspname AS schema, coalesce(array_agg(c.relname::text ORDER BY c.relname) FILTER (WHERE c.oid IS NOT NULL), '{}')
       AS names
     FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind = 'r'
     WHERE n.nspname = ANY ($1) GROUP BY n.nspname`,
    [places.map(({ schema }) => schema)],
  );
  return new Map(rows.map(({ schema, names }) => [schema, names]));
}

/** A damaged shop without a version table has no transactions to wait for: each needs that table. */
function lockSql(live: Placement, held: Placement, tables: Tables, lockMs: number): string {
  const keys = [live, held].map(({ schema }) => `pg_advisory_xact_lock(${tenantLockKey(schema)})`);
  const table = namesIn(live.schema, [VERSION_TABLE]).join('');
  const isLocked = tables.get(live.schema)?.includes(VERSION_TABLE) === true;
  return `BEGIN; SET LOCAL lock_timeout = 1000; SELECT ${keys.join(', ')}; SET LOCAL lock_timeout = ${lockMs};
    ${isLocked ? `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE;` : ''} SET LOCAL lock_timeout = 1000`;
}

function swapSql(
  live: Placement,
  held: Placement,
  roles: Roles,
  tables: Tables,
  shopId: string,
  heldId: string,
): string {
  const isKept = tables.has(live.schema);
  const between = quoteIdent(`${live.schema}_swap`);
  const columns = [
    'version',
    'checksum',
    'serves_from',
    'status',
    'attempts',
    'last_error',
    'last_sqlstate',
    'progress',
  ];
  return `${isKept ? `ALTER SCHEMA ${quoteIdent(live.schema)} RENAME TO ${between};` : ''}
    ALTER SCHEMA ${quoteIdent(held.schema)} RENAME TO ${quoteIdent(live.schema)};
    ${isKept ? `ALTER SCHEMA ${between} RENAME TO ${quoteIdent(held.schema)};` : ''}
    SET LOCAL ROLE ${quoteIdent(roles.owner)};
    ${passOnSql(live, held.role, tables.get(held.schema) ?? [])}
    ${isKept ? passOnSql(held, live.role, tables.get(live.schema) ?? []) : ''}
    RESET ROLE;
    UPDATE public.tenants t SET (${columns.join(', ')}) = (SELECT ${columns.map((name) => `o.${name}`).join(', ')}
      FROM public.tenants o WHERE o.shop_id = CASE t.shop_id WHEN ${quoteLiteral(shopId)} THEN ${quoteLiteral(heldId)}::uuid
        ELSE ${quoteLiteral(shopId)}::uuid END)
      WHERE t.shop_id IN (${quoteLiteral(shopId)}, ${quoteLiteral(heldId)});
    ${enterMembersSql(live, shopId)};
    UPDATE public.held_tenants SET reason = ${isKept ? "'replaced'" : "'removing'"}, of_shop = ${quoteLiteral(shopId)}, held_at = now()
      WHERE shop_id = ${quoteLiteral(heldId)}`;
}

/** SQL that enters all members of a shop into the members of a schema, where orders refer to them. */
export function enterMembersSql({ schema }: Placement, shopId: string): string {
  return `INSERT INTO ${quoteIdent(schema)}.members (user_id, name, role)
    SELECT u.id, u.name, m.role FROM public.memberships m JOIN public.users u ON u.id = m.user_id
    WHERE m.shop_id = ${quoteLiteral(shopId)}
    ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, role = excluded.role`;
}

/** SQL that passes the rights in a schema from the role of its tenant of before to the role of its tenant of now. */
function passOnSql(placement: Placement, from: string, tables: readonly string[]): string {
  const schema = quoteIdent(placement.schema);
  const [before, now] = [quoteIdent(from), quoteIdent(placement.role)];
  const all = namesIn(placement.schema, tables).join(', ');
  const rights = 'SELECT, INSERT, UPDATE, DELETE';
  const hasEngineTables = ENGINE_TABLES.every((name) => tables.includes(name)); // data that a restore replaces may be damaged
  return `${all === '' ? '' : `REVOKE ALL ON ${all} FROM ${before}; GRANT ${rights} ON ${all} TO ${now};`}
    ${hasEngineTables ? engineTableRights(placement) : ''}
    REVOKE ALL ON SCHEMA ${schema} FROM ${before}; GRANT USAGE ON SCHEMA ${schema} TO ${now};
    ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} REVOKE ALL ON TABLES FROM ${before};
    ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT ${rights} ON TABLES TO ${now};`;
}

function namesIn(schema: string, tables: readonly string[]): string[] {
  return tables.map((table) => `${quoteIdent(schema)}.${quoteIdent(table)}`);
}
