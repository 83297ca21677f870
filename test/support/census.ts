import type { TestDatabase } from './database';

/** How many there are of each thing that a shop consists of. */
export interface Census {
  users: number;
  shops: number;
  memberships: number;
  tenants: number;
  sessions: number;
  refreshTokens: number;
  schemas: number;
  roles: number;
}

/** Counts what was made. Roles belong to the whole server, so only those tied to this database count. */
export async function takeCensus(database: TestDatabase): Promise<Census> {
  const [census] = await database.query<Census>(`
    SELECT (SELECT count(*)::int FROM users) AS users,
           (SELECT count(*)::int FROM shops) AS shops,
           (SELECT count(*)::int FROM memberships) AS memberships,
           (SELECT count(*)::int FROM tenants) AS tenants,
           (SELECT count(*)::int FROM sessions) AS sessions,
           (SELECT count(*)::int FROM refresh_tokens) AS "refreshTokens",
           (SELECT count(*)::int FROM pg_namespace WHERE nspname ~ '^shop_') AS schemas,
           (SELECT count(DISTINCT role.oid)::int
            FROM pg_auth_members m
            JOIN pg_roles role ON role.oid = m.roleid AND role.rolname ~ '^shop_'
            JOIN pg_roles holder ON holder.oid = m.member
            WHERE starts_with(holder.rolname, current_database() || '_')) AS roles`);
  return census!; // an aggregate always has a row
}

/** Adds `added` to the counts of `before`. */
export function plus(before: Census, added: Partial<Census>): Census {
  const sum = { ...before };
  for (const key of Object.keys(added) as (keyof Census)[]) sum[key] += added[key] ?? 0;
  return sum;
}
