import type { EngineClient } from '../../database/engine-client';
import type { TenantMigrations } from '../../tenancy/tenant-migrations';
import { assertFilesUnchanged } from '../edited-files';
import { assertInstalled } from '../installed';
import { IN_PROGRESS } from './run-record';
import { IS_CLOSED, type UnfinishedTenant } from '../../tenancy/tenant-registry';

const NAMED = 50;

export interface RunStatus {
  runner: string;
  target: number;
  total: number;
  migrated: number;
  failed: number;
  /** `running`; `gone` (its heartbeat stopped); or its outcome. */
  state: string;
  startedAt: Date;
  seenAt: Date;
}

/** State of the fleet according to the registry. */
export interface FleetStatus {
  /** Version of a tenant that has every migration of this program. */
  latest: number;
  tenants: number;
  upToDate: number;
  behind: number;
  /** Migrated further by a newer program. */
  ahead: number;
  spare: number;
  /** Closed to this program: a contract migration removes, or is about to remove, what it uses. */
  closed: number;
  versions: { version: number; tenants: number }[];
  /** Reasons of the last failed attempts, by SQLSTATE and text. */
  reasons: { status: string; sqlState: string | null; message: string; tenants: number }[];
  /** The first of these tenants. */
  failed: UnfinishedTenant[];
  /** Runs in progress, then the latest that ended. */
  runs: RunStatus[];
}

/** @throws OperatorError naming a file that was edited after it was applied, or for a database older than the program */
export async function readStatus(client: EngineClient, migrations: TenantMigrations): Promise<FleetStatus> {
  await assertInstalled(client);
  await assertFilesUnchanged(client, migrations.list);
  const { latest, checksum } = migrations;
  const counts = await client.query<Omit<FleetStatus, 'latest' | 'versions' | 'reasons' | 'failed' | 'runs'>>(
    `SELECT count(*)::int AS tenants, count(*) FILTER (WHERE checksum = $2)::int AS "upToDate",
       count(*) FILTER (WHERE checksum <> $2 AND version <= $1)::int AS behind,
       count(*) FILTER (WHERE version > $1)::int AS ahead,
       count(*) FILTER (WHERE serves_from > $1)::int AS closed,
       (SELECT count(*)::int FROM spare_tenants) AS "spare" FROM tenants t WHERE NOT ${IS_CLOSED}`,
    [latest, checksum],
  );
  const versions = await client.query<FleetStatus['versions'][number]>(
    `SELECT version, count(*)::int AS tenants FROM tenants t WHERE NOT ${IS_CLOSED} GROUP BY version ORDER BY version DESC`,
  );
  const reasons = await client.query<FleetStatus['reasons'][number]>(
    `SELECT status, last_sqlstate AS "sqlState", last_error AS message, count(*)::int AS tenants FROM tenants t
     WHERE status <> 'ready' AND checksum <> $1 AND NOT ${IS_CLOSED} GROUP BY 1, 2, 3 ORDER BY tenants DESC, message LIMIT 20`,
    [checksum],
  );
  const failed = await client.query<UnfinishedTenant>(
    `SELECT t.shop_id AS "shopId", s.slug, t.last_sqlstate AS "sqlState", t.last_error AS message
     FROM tenants t LEFT JOIN shops s ON s.id = t.shop_id WHERE t.status <> 'ready' AND t.checksum <> $1 AND NOT ${IS_CLOSED}
     ORDER BY t.shop_id LIMIT ${NAMED}`,
    [checksum],
  );
  const runs = await client.query<RunStatus>(
    `SELECT runner, target, total, migrated, failed, started_at AS "startedAt", seen_at AS "seenAt",
       coalesce(outcome, CASE WHEN ${IN_PROGRESS} THEN 'running' ELSE 'gone' END) AS state
     FROM migration_runs ORDER BY ${IN_PROGRESS} DESC, started_at DESC LIMIT 5`,
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
