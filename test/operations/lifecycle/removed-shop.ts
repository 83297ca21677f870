import { type Installation, INSTALLATION } from '../../../src/database/installation';
import { removeTenant, type RemovalOptions } from '../../../src/operations/lifecycle/remove-tenant';
import { withClient } from '../../support/database';
import { newOwner, type Owner } from '../../support/factories';
import type { TestApp } from '../../support/test-app';

/** A shop whose data is to be removed, and where its parts are in the catalogue. */
export interface Target {
  id: string;
  schema: string;
  owner: Owner;
  /** Object ids of schema and role. */
  namespace: number;
  role: number;
}

/** Application name of the connection that removes. */
export const REMOVER = 'stoa remove tenant';

export const installationOf = ({ app }: TestApp) => app.get<Installation>(INSTALLATION, { strict: false });

export const remove = (app: TestApp, { id }: Pick<Target, 'id'>, options: RemovalOptions = {}) =>
  removeTenant(installationOf(app), id, options);

/** Makes a shop with tables that refer to one another. @param tables how many in addition to those of every shop */
export async function makeTarget(app: TestApp, tables = 0): Promise<Target> {
  const owner = await newOwner(app.api);
  const id: string = owner.shop.id;
  const schema = `shop_${id.replaceAll('-', '')}`;
  const extra = Array.from(
    { length: tables },
    (
      _,
      i,
    ) => `CREATE TABLE extra_${i} (id uuid CONSTRAINT extra_${i}_pkey PRIMARY KEY, label text NOT NULL DEFAULT '',
        before uuid CONSTRAINT extra_${i}_before_fkey REFERENCES extra_${Math.max(0, i - 1)}, hub uuid REFERENCES extra_0,
        CHECK (label <> 'x')); CREATE INDEX ON extra_${i} (label); CREATE INDEX ON extra_${i} (hub); CREATE INDEX ON extra_${i} (before);
      INSERT INTO extra_${i} SELECT gen_random_uuid();`,
  );
  for (let at = 0; at < tables; at += 20) await asOwner(app, schema, extra.slice(at, at + 20).join('\n'));
  const [found] = await app.database.query<{ namespace: number; role: number }>(
    `SELECT to_regnamespace('${schema}')::oid AS namespace, to_regrole('${schema}')::oid AS role`,
  );
  return { id, schema, owner, ...found! };
}

/** Runs SQL in the schema as the owner of its tables. */
export async function asOwner(app: TestApp, schema: string, sql: string): Promise<void> {
  const { owner } = installationOf(app).roles;
  await app.database.query(`SET ROLE "${owner}"; SET search_path = ${schema}; ${sql}`);
}

/** Removes the rows of the shop in `public`, as deleting a shop does before its data is removed. */
export async function forgetShop(app: TestApp, { id }: Pick<Target, 'id'>): Promise<void> {
  await app.database.query('DELETE FROM shops WHERE id = $1', [id]);
}

/** Everything that is left of a tenant, as text; empty once it is removed. */
export async function leftOf(
  { database }: TestApp,
  { id, schema, namespace, role }: Target,
): Promise<string[]> {
  const rows = await database.query<{ left: string }>(
    `SELECT 'schema' AS left FROM pg_namespace WHERE nspname = '${schema}'
     UNION ALL SELECT 'relation ' || relname FROM pg_class WHERE relnamespace = ${namespace}
     UNION ALL SELECT 'routine ' || proname FROM pg_proc WHERE pronamespace = ${namespace}
     UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = ${namespace}
     UNION ALL SELECT 'role' FROM pg_roles WHERE rolname = '${schema}'
     UNION ALL SELECT 'membership' FROM pg_auth_members WHERE roleid = ${role} OR member = ${role}
     UNION ALL SELECT 'default rights' FROM pg_default_acl WHERE defaclnamespace = ${namespace}
     UNION ALL SELECT 'dependency ' || pg_describe_object(classid, objid, objsubid) FROM pg_depend
       WHERE refclassid = 'pg_namespace'::regclass AND refobjid = ${namespace}
     UNION ALL SELECT 'dangling dependency of ' || objid FROM pg_depend d
       WHERE classid = 'pg_class'::regclass AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = d.objid)
     UNION ALL SELECT 'right of the role' FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = ${role}
     UNION ALL SELECT 'tenants' FROM tenants WHERE shop_id = $1
     UNION ALL SELECT 'held_tenants' FROM held_tenants WHERE shop_id = $1
     UNION ALL SELECT 'spare_tenants' FROM spare_tenants WHERE shop_id = $1
     UNION ALL SELECT 'spare_roles' FROM spare_roles WHERE shop_id = $1`,
    [id],
  );
  return rows.map(({ left }) => left);
}

/** Locks of the remover, watched from another connection. */
export interface WatchedLocks {
  /** Most locks of one transaction. */
  most: number;
  /** Longest time for which a lock was seen, milliseconds. */
  longestMs: number;
  /** Modes of its locks on relations of `public`. */
  publicModes: string[];
  samples: number;
}

/** Looks at the locks of the connections with these names again and again while `work` runs. */
export async function watchLocks(
  { database }: TestApp,
  work: () => Promise<unknown>,
  names: readonly string[] = [REMOVER],
): Promise<WatchedLocks> {
  const seen: WatchedLocks = { most: 0, longestMs: 0, publicModes: [], samples: 0 };
  const since = new Map<string, number>();
  let isOver = false;
  await withClient(database.url, async (client) => {
    const working = work().finally(() => (isOver = true));
    while (!isOver) {
      const { rows } = await client.query<{ key: string; schema: string | null; mode: string }>(LOCKS, [
        names,
      ]);
      const now = performance.now();
      const keys = new Set(rows.map(({ key }) => key));
      for (const key of since.keys()) if (!keys.has(key)) since.delete(key);
      for (const key of keys) since.set(key, since.get(key) ?? now);
      if (rows.length > 0) seen.samples++;
      seen.most = Math.max(seen.most, rows.length);
      seen.longestMs = Math.max(seen.longestMs, ...[...since.values()].map((start) => now - start));
      const modes = rows.filter(({ schema }) => schema === 'public').map(({ mode }) => mode);
      seen.publicModes = [...new Set([...seen.publicModes, ...modes])].toSorted();
    }
    await working;
  });
  return seen;
}

const LOCKS = `SELECT concat_ws(' ', l.pid, l.virtualtransaction, l.locktype, l.relation, l.classid, l.objid, l.mode) AS key,
    c.relnamespace::regnamespace::text AS schema, l.mode
  FROM pg_locks l JOIN pg_stat_activity a USING (pid) LEFT JOIN pg_class c ON c.oid = l.relation
  WHERE a.application_name = ANY ($1) AND a.datname = current_database() AND l.granted`;
