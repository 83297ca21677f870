import type { Client } from 'pg';
import { PUBLIC_MIGRATIONS } from '../../database/migration-folders';
import { loadMigrations, VERSION_TABLE } from '../../database/schema-migrations';
import { HISTORY_CHECKSUM } from '../../tenancy/migration-history';
import type { TenantMigrations } from '../../tenancy/tenant-migrations';
import type { Observation } from './findings';
import { tenantsWith, unionOf } from './fleet';

interface Row {
  schema: string;
  /** Applied by the rows inside the schema. */
  inside: (string | number)[];
  /** By public.tenants; null when there is no row. */
  index: number | null;
  /** Whether the checksum of the history there is not that of the rows inside. */
  differs: boolean;
}

/** Rows inside each schema, which are the truth, against what the program knows and what public.tenants says. */
export async function compareVersions(
  client: Client,
  migrations: TenantMigrations,
): Promise<{ observations: Observation[]; others: string[] }> {
  const known = migrations.list.map(({ version }) => version);
  const observations: Observation[] = [];
  const others: string[] = [];
  for await (const tenants of tenantsWith(client, VERSION_TABLE, ['version', 'checksum'])) {
    const inside = unionOf(
      tenants,
      VERSION_TABLE,
      (table, { shopId, schema }) => `SELECT '${shopId}'::uuid AS shop_id, '${schema}' AS schema,
        array(SELECT version::bigint FROM ${table} ORDER BY 1) AS inside,
        (SELECT ${HISTORY_CHECKSUM} FROM ${table}) AS history`,
    );
    const { rows } = await client.query<Row>(
      `SELECT schema, inside, t.version AS index, t.checksum <> history AS differs
       FROM (${inside}) s LEFT JOIN public.tenants t USING (shop_id)
       WHERE inside <> $1::bigint[] OR t.version <> $2 OR t.checksum <> history`,
      [known, migrations.latest],
    );
    for (const row of rows) {
      const found = judge(row, known);
      observations.push(...found);
      if (found.some(({ check }) => check === 'version-behind' || check === 'version-ahead'))
        others.push(row.schema);
    }
  }
  return { observations, others };
}

function judge({ schema, inside: texts, index, differs }: Row, known: readonly number[]): Observation[] {
  const inside = texts.map(Number); // pg gives the elements of a bigint[] as text
  const missing = known.filter((version) => !inside.includes(version));
  const ahead = inside.filter((version) => !known.includes(version));
  const seen = (check: Observation['check'], detail: string): Observation => ({
    check,
    schema,
    object: check === 'version-index' ? 'public.tenants' : VERSION_TABLE,
    detail,
  });
  const found: Observation[] = [];
  const lost = missing.filter((version) => index !== null && version <= index);
  if (lost.length > 0)
    found.push(
      seen('version-row-missing', `public.tenants says ${index}, but there is no row ${lost.join(', ')}`),
    );
  if (lost.length < missing.length)
    found.push(seen('version-behind', `lacks ${missing.filter((v) => !lost.includes(v)).join(', ')}`));
  if (ahead.length > 0)
    found.push(seen('version-ahead', `has ${ahead.join(', ')}, which this program does not know`));
  const newest = inside.at(-1) ?? 0;
  if (lost.length === 0 && index !== null && index !== newest)
    found.push(seen('version-index', `expected ${newest} as in the schema, found ${index}`));
  if (found.length === 0 && differs)
    found.push(seen('version-index', 'its checksum is not that of the rows in the schema'));
  return found;
}

/** Migrations that failed and were not tried again with success. Who has all of them has failed at nothing. */
export async function findFailedMigrations(
  client: Client,
  { checksum }: TenantMigrations,
): Promise<Observation[]> {
  const { rows } = await client.query<Observation>(
    `SELECT 'migration-failed' AS check, 'shop_' || replace(shop_id::text, '-', '') AS schema,
       'public.tenants' AS object, 'the last attempt failed: ' || last_error AS detail
     FROM public.tenants WHERE status <> 'ready' AND checksum <> $1`,
    [checksum],
  );
  return rows;
}

/** `public` against the migrations of this program. */
export async function comparePublicVersion(client: Client): Promise<Observation[]> {
  const known = (await loadMigrations(PUBLIC_MIGRATIONS)).map(({ version }) => version);
  const { rows } = await client.query<{ version: number; here: boolean }>(
    `SELECT version, v.version IS NOT NULL AS here
     FROM public.${VERSION_TABLE} v FULL JOIN unnest($1::bigint[]) AS known(version) USING (version)
     WHERE v.version IS NULL OR known.version IS NULL ORDER BY 1`,
    [known],
  );
  return rows.map(({ version, here }) => ({
    check: 'public-version',
    schema: null,
    object: `public.${VERSION_TABLE}`,
    detail: here ? `has ${version}, which this program does not know` : `lacks ${version}`,
  }));
}
