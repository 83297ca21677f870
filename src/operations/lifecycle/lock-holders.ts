import type { EngineClient } from '../../database/engine-client';
import { quoteLiteral } from '../../database/identifiers';
import { tenantLockKey } from '../tenant-lock';

/** A transaction of another connection that holds a lock of a tenant. */
export interface LockHolder {
  pid: number;
  /** `application_name`; empty for some processes of the server. */
  application: string;
  /** Table, or the name of the schema for the tenant's advisory lock. */
  object: string;
}

/** Lists who holds locks on the tables of a tenant, or its advisory lock, at this moment. */
export async function lockHolders(client: EngineClient, schema: string): Promise<LockHolder[]> {
  const name = quoteLiteral(schema);
  const { rows } = await client.query<LockHolder>(
    `SELECT DISTINCT l.pid, coalesce(nullif(a.application_name, ''), a.backend_type, '') AS application,
       coalesce(c.relname, ${name}) AS object
     FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation LEFT JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.granted AND l.pid <> pg_backend_pid()
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (c.relnamespace = to_regnamespace(${name}) AND c.relkind <> 'i'
         OR l.locktype = 'advisory' AND l.objsubid = 1
           AND (l.classid::bigint << 32) + l.objid::bigint = ${tenantLockKey(schema)})
     ORDER BY l.pid, object`,
  );
  return rows;
}
