import type { OpeningClient } from '../../database/borrowed-client';
import type { TenantMigrations } from '../../tenancy/tenant-migrations';
import { assertFilesUnchanged } from '../edited-files';
import type { UnmigratedTenant } from './tenant-registry';

/** A run that gives no sign of life for so long is gone. It gives one every two seconds. */
const GONE_AFTER = '20 seconds';
const NAMED = 50;

export interface RunStatus {
  runner: string;
  target: number;
  total: number;
  migrated: number;
  failed: number;
  /** `running`; `gone`: without a word; or how it ended. */
  state: string;
  startedAt: Date;
  seenAt: Date;
}

/** Where the fleet stands, by the index. */
export interface FleetStatus {
  /** Version of a tenant that has everything this program knows. */
  latest: number;
  tenants: number;
  upToDate: number;
  behind: number;
  /** Taken further by a newer program. */
  ahead: number;
  spare: number;
  /** Closed to this program: it uses what was, or is about to be, taken away from them. */
  closed: number;
  versions: { version: number; tenants: number }[];
  /** Why the last attempt went wrong, by SQLSTATE and text. */
  reasons: { status: string; sqlState: string | null; message: string; tenants: number }[];
  /** The first of them by name. */
  failed: UnmigratedTenant[];
  /** Those that run, and the last that ended. */
  runs: RunStatus[];
}

/** @throws OperatorError naming a file that was edited after it was applied */
export async function readStatus(client: OpeningClient, migrations: TenantMigrations): Promise<FleetStatus> {
  await assertFilesUnchanged(client, migrations.list);
  const { latest, checksum } = migrations;
  const counts = await client.query<Omit<FleetStatus, 'latest' | 'versions' | 'reasons' | 'failed' | 'runs'>>(
    `SELECT count(*)::int AS tenants, count(*) FILTER (WHERE checksum = $2)::int AS "upToDate",
       count(*) FILTER (WHERE checksum <> $2 AND version <= $1)::int AS behind,
       count(*) FILTER (WHERE version > $1)::int AS ahead,
       count(*) FILTER (WHERE serves_from > $1)::int AS closed,
       (SELECT count(*)::int FROM spare_tenants) AS "spare" FROM tenants`,
    [latest, checksum],
  );
  const versions = await client.query<FleetStatus['versions'][number]>(
    'SELECT version, count(*)::int AS tenants FROM tenants GROUP BY version ORDER BY version DESC',
  );
  const reasons = await client.query<FleetStatus['reasons'][number]>(
    `SELECT status, last_sqlstate AS "sqlState", last_error AS message, count(*)::int AS tenants FROM tenants
     WHERE status <> 'ready' AND checksum <> $1 GROUP BY 1, 2, 3 ORDER BY tenants DESC, message LIMIT 20`,
    [checksum],
  );
  const failed = await client.query<UnmigratedTenant>(
    `SELECT t.shop_id AS "shopId", s.slug, t.last_sqlstate AS "sqlState", t.last_error AS message
     FROM tenants t LEFT JOIN shops s ON s.id = t.shop_id WHERE t.status <> 'ready' AND t.checksum <> $1
     ORDER BY t.shop_id LIMIT ${NAMED}`,
    [checksum],
  );
  const runs = await client.query<RunStatus>(
    `SELECT runner, target, total, migrated, failed, started_at AS "startedAt", seen_at AS "seenAt",
       coalesce(outcome, CASE WHEN seen_at < now() - $1::interval THEN 'gone' ELSE 'running' END) AS state
     FROM migration_runs ORDER BY (outcome IS NULL AND seen_at >= now() - $1::interval) DESC, started_at DESC LIMIT 5`,
    [GONE_AFTER],
  );
  return {
    latest,
    ...counts.rows[0]!, // aggregates have one row
    versions: versions.rows,
    reasons: reasons.rows,
    failed: failed.rows,
    runs: runs.rows,
  };
}
