import type { Kind, Sample } from './metric';

/** A figure of the whole installation, which one process reads from the database for all. */
export interface FleetMetric extends Kind {
  type: 'gauge';
  /** Answers rows with a column `value`; every other column is a label. */
  sql: string;
  values?: readonly unknown[];
}

/** Label columns are text, the value a number. */
export type FleetRow = Record<string, string | number>;

/** All values of a label, so that the number of series is always the same. */
const all = (label: string, values: readonly string[]) =>
  `unnest('{${values.join(',')}}'::text[]) AS ${label} (${label})`;

const OPERATION_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'];
const TENANT_JOB_STATES = ['waiting', 'running', 'dead'];
const JOB_STATES = ['waiting', 'ready', 'running', 'dead'];

/** Operations that are open, or were requested within a day: their ids begin with the time. */
const RECENT_OPERATIONS = `(SELECT * FROM operations WHERE state IN ('queued', 'running')
  UNION SELECT * FROM operations WHERE id >= $1)`;

/** Always 20 rows: the shops change, the number of series does not. */
const TOP_SHOPS = `
  SELECT rank::text, coalesce(t.shop, '') AS shop, coalesce(t.seconds, 0) AS value
  FROM generate_series(1, 20) AS ranks (rank) LEFT JOIN (
    SELECT row_number() OVER (ORDER BY sum(a.database_ms) DESC, a.shop_id) AS rank,
      coalesce(s.slug, a.shop_id::text) AS shop, sum(a.database_ms) / 1000 AS seconds
    FROM shop_activity a LEFT JOIN shops s ON s.id = a.shop_id WHERE a.at > now() - interval '1 minute'
    GROUP BY a.shop_id, s.slug ORDER BY 1 LIMIT 20) t USING (rank) ORDER BY ranks.rank`;

/** @param checksum of the migration history that this program brings tenants to. @param yesterday id of a day ago */
export function fleetMetrics(checksum: string, yesterday: string): FleetMetric[] {
  return [
    {
      name: 'stoa_shops',
      help: 'Shops by status.',
      type: 'gauge',
      sql: `SELECT status, count(s.id) AS value
        FROM ${all('status', ['active', 'read_only', 'suspended', 'deleted'])} LEFT JOIN shops s USING (status) GROUP BY status`,
    },
    {
      name: 'stoa_tenants_behind',
      help: 'Tenants, spare ones included, that lack a migration of this program.',
      type: 'gauge',
      sql: `SELECT count(*) AS value FROM tenants WHERE checksum <> $1`,
      values: [checksum],
    },
    {
      name: 'stoa_tenants_unmigrated',
      help: 'Tenants whose last migration failed, or was deferred because they were busy.',
      type: 'gauge',
      sql: `SELECT status, count(t.shop_id) AS value
        FROM ${all('status', ['failed', 'deferred'])} LEFT JOIN tenants t USING (status) GROUP BY status`,
    },
    {
      name: 'stoa_warm_pool',
      help: 'Spare tenants and spare roles for new shops.',
      type: 'gauge',
      sql: `SELECT 'tenants' AS kind, count(*) AS value FROM spare_tenants UNION ALL SELECT 'roles', count(*) FROM spare_roles`,
    },
    {
      name: 'stoa_operations',
      help: 'Operations by state: those that are open, and those of the last 24 hours.',
      type: 'gauge',
      sql: `SELECT state, count(o.id) AS value
        FROM ${all('state', OPERATION_STATES)} LEFT JOIN ${RECENT_OPERATIONS} o USING (state) GROUP BY state`,
      values: [yesterday],
    },
    {
      name: 'stoa_operation_oldest_seconds',
      help: 'Age of the oldest open operation, by state; 0 without one.',
      type: 'gauge',
      sql: `SELECT state, coalesce(extract(epoch FROM now() - min(o.created_at)), 0) AS value
        FROM ${all('state', ['queued', 'running'])} LEFT JOIN operations o USING (state) GROUP BY state`,
    },
    {
      name: 'stoa_jobs',
      help: 'Jobs of the program: waiting for their time, ready, running, or dead after the last attempt.',
      type: 'gauge',
      sql: `SELECT state, coalesce(j.jobs, 0) AS value FROM ${all('state', JOB_STATES)} LEFT JOIN job_states() j USING (state)`,
    },
    {
      name: 'stoa_job_oldest_seconds',
      help: 'Time since the oldest job came into its state; 0 without one.',
      type: 'gauge',
      sql: `SELECT state, coalesce(j.oldest_seconds, 0) AS value
        FROM ${all('state', JOB_STATES)} LEFT JOIN job_states() j USING (state)`,
    },
    {
      name: 'stoa_tenant_jobs',
      help: 'Jobs of shops: waiting, running, or dead after the last attempt.',
      type: 'gauge',
      sql: `SELECT state, count(j.id) AS value
        FROM ${all('state', TENANT_JOB_STATES)} LEFT JOIN tenant_jobs j USING (state) GROUP BY state`,
    },
    {
      name: 'stoa_tenant_job_oldest_seconds',
      help: 'Time for which the oldest job of an active shop has been due; 0 without one.',
      type: 'gauge',
      sql: `SELECT coalesce(greatest(extract(epoch FROM now() - min(j.run_at)), 0), 0) AS value
        FROM tenant_jobs j JOIN shops s ON s.id = j.shop_id AND s.status = 'active' WHERE j.state = 'waiting'`,
    },
    {
      name: 'stoa_backup_oldest_seconds',
      help: 'Age of the newest backup of the active shop for which that is oldest; without a backup, age of the shop.',
      type: 'gauge',
      sql: `SELECT coalesce(extract(epoch FROM now() - min(coalesce(b.newest, s.created_at))), 0) AS value
        FROM shops s LEFT JOIN (SELECT shop_id, max(snapshot_at) AS newest FROM backups GROUP BY shop_id) b ON b.shop_id = s.id
        WHERE s.status = 'active'`,
    },
    {
      name: 'stoa_shops_without_backup',
      help: 'Active shops that have no backup.',
      type: 'gauge',
      sql: `SELECT count(*) AS value FROM shops s
        WHERE status = 'active' AND NOT EXISTS (SELECT FROM backups b WHERE b.shop_id = s.id)`,
    },
    {
      name: 'stoa_top_shop_database_seconds',
      help: 'The 20 shops that held connections to the database for longest in the last minute, and for how long.',
      type: 'gauge',
      sql: TOP_SHOPS,
    },
  ];
}

/** Samples of the rows of a metric. */
export function samplesIn(rows: readonly FleetRow[]): Sample[] {
  return rows.map(({ value, ...labels }) => ({ labels, value: Number(value) }));
}
