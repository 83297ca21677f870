import type { EngineClient } from '../../database/engine-client';
import { quoteLiteral } from '../../database/identifiers';
import { adminOf, type Installation } from '../../database/installation';
import type { Roles } from '../../database/roles';
import { adoptSql, type Migration, VERSION_TABLE, type VersionRow } from '../../database/schema-migrations';
import {
  historyChecksum,
  type MigrationHistory,
  newestVersion,
  servesFromOf,
} from '../../tenancy/migration-history';
import { actAsOwner } from '../../tenancy/provision-sql';
import type { Placement } from '../../tenancy/tenant';
import { TenantLocator } from '../../tenancy/tenant-locator';
import type { TenantMigrations } from '../../tenancy/tenant-migrations';
import type { UnfinishedTenant } from '../../tenancy/tenant-registry';
import { TENANT_IDS } from '../drift/fleet';
import { describeError, HeldElsewhere } from '../faults';
import { ReconnectingClient } from '../reconnecting-client';
import { tenantLockKey } from '../tenant-lock';
import type { RunProgress } from './run-options';

const PAGE = 500;

/** Settings for reading a history. */
export interface HistoryReader {
  roles: Roles;
  /** All migrations that the program knows. */
  migrations: readonly Migration[];
}

/**
 * Reads the migration history inside a schema, which is the truth, and corrects the tenant's row in the registry.
 * @throws HeldElsewhere; the server's error, 42P01 when the schema has no version table
 */
export async function readHistory(
  client: EngineClient,
  shopId: string,
  { schema }: Placement,
  { roles, migrations }: HistoryReader,
): Promise<VersionRow[]> {
  await client.exec(`ROLLBACK; BEGIN; SET LOCAL lock_timeout = 1000`);
  const lock = await client.query<{ held: boolean }>(
    `SELECT pg_try_advisory_xact_lock(${tenantLockKey(schema)}) AS held`,
  );
  if (!lock.rows[0]!.held) throw new HeldElsewhere(`another runner is migrating ${schema}`); // one row
  await client.exec(`${actAsOwner(schema, roles.owner)} ${adoptSql(migrations)}`);
  const { rows } = await client.query<VersionRow>(
    `SELECT version, name, checksum FROM ${VERSION_TABLE} ORDER BY version`,
  );
  const applied = new Set(rows.map(({ version }) => version));
  const servesFrom = servesFromOf(migrations.filter(({ version }) => applied.has(version)));
  await client.exec(`RESET ROLE; UPDATE public.tenants SET version = ${newestVersion(rows)},
    checksum = ${quoteLiteral(historyChecksum(rows))}, serves_from = greatest(serves_from, ${servesFrom})
    WHERE shop_id = '${shopId}'; COMMIT`);
  return rows;
}

export interface RebuildSummary {
  tenants: number;
  /** Rows that were missing or disagreed with the schema. */
  corrected: number;
  failed: UnfinishedTenant[];
}

interface Listed {
  shopId: string;
  slug: string | null;
  /** The registry's row as one text; null when it is missing. */
  row: string | null;
}

/** Rebuilds the registry from the version rows inside the schemas of shops and of spare tenants. */
export async function rebuildRegistry(
  installation: Installation,
  migrations: TenantMigrations,
  onProgress: (progress: RunProgress) => void,
  signal: AbortSignal,
): Promise<RebuildSummary> {
  const connection = new ReconnectingClient(adminOf(installation).url, 'rebuild registry');
  const reader = { roles: installation.roles, migrations: migrations.list };
  const summary: RebuildSummary = { tenants: 0, corrected: 0, failed: [] };
  try {
    const total = await countTenants(await connection.client());
    for await (const tenant of everyTenant(connection)) {
      if (signal.aborted) return summary;
      summary.tenants++;
      try {
        if (await rebuildRow(await connection.client(), tenant, reader)) summary.corrected++;
      } catch (error) {
        await connection.reset();
        summary.failed.push({ shopId: tenant.shopId, slug: tenant.slug, ...describeError(error) });
      }
      onProgress({ done: summary.tenants, total, failed: summary.failed.length });
    }
    return summary;
  } finally {
    await connection.reset();
  }
}

/** @returns true if the row has changed */
async function rebuildRow(
  client: EngineClient,
  { shopId, row }: Listed,
  reader: HistoryReader,
): Promise<boolean> {
  await client.query(
    'INSERT INTO tenants (shop_id, version) VALUES ($1, 0) ON CONFLICT (shop_id) DO NOTHING',
    [shopId],
  );
  const history = await readHistory(client, shopId, new TenantLocator().locate(shopId), reader);
  await correctServesFrom(client, shopId, history, reader.migrations);
  const { rows } = await client.query<{ same: boolean }>(
    'SELECT (checksum, version, serves_from)::text IS NOT DISTINCT FROM $2 AS same FROM tenants WHERE shop_id = $1',
    [shopId, row],
  );
  return !rows[0]!.same; // inserted above
}

/**
 * Derives `serves_from` from the contract migrations that the tenant has: a contract that was announced but never applied
 * excludes no program. If the history has migrations that this program does not know, the value is kept.
 */
async function correctServesFrom(
  client: EngineClient,
  shopId: string,
  history: MigrationHistory,
  migrations: readonly Migration[],
): Promise<void> {
  const applied = new Set(history.map(({ version }) => version));
  const known = migrations.filter(({ version }) => applied.has(version));
  if (known.length < applied.size) return;
  await client.query('UPDATE tenants SET serves_from = $2 WHERE shop_id = $1', [shopId, servesFromOf(known)]);
}

async function countTenants(client: EngineClient): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM (${TENANT_IDS}) ids`,
  );
  return rows[0]!.count; // an aggregate has one row
}

async function* everyTenant(connection: ReconnectingClient): AsyncGenerator<Listed> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const client = await connection.client();
    const { rows } = await client.query<Listed>(
      `SELECT ids.shop_id AS "shopId", s.slug,
         CASE WHEN t.shop_id IS NOT NULL THEN (t.checksum, t.version, t.serves_from)::text END AS row
       FROM (${TENANT_IDS}) ids
       LEFT JOIN shops s ON s.id = ids.shop_id LEFT JOIN tenants t ON t.shop_id = ids.shop_id
       WHERE ids.shop_id > $1 ORDER BY ids.shop_id LIMIT ${PAGE}`,
      [after],
    );
    if (rows.length === 0) return;
    yield* rows;
    after = rows.at(-1)!.shopId; // not empty
  }
}
