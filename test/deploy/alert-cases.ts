/** Values of a series, a minute apart, in the notation of promtool: `0+5x20` is 0, 5, 10, … */
export type Series = Record<string, string>;

/** Longer than any alert waits. */
const MINUTES = 100;
const always = (value: number) => `${value}x${MINUTES}`;
const rising = (each: number) => `0+${each}x${MINUTES}`;

const requests = (status: string, le?: string) =>
  `stoa_request_duration_seconds_${le === undefined ? 'count' : 'bucket'}{job="stoa",route="/api/v1/products",method="GET",plan="free",status="${status}"${le === undefined ? '' : `,le="${le}"`}}`;

/** An installation on which nothing is wrong. */
export const HEALTHY: Series = {
  'up{job="stoa",instance="a"}': always(1),
  stoa_database_up: always(1),
  [requests('2xx')]: rising(6000),
  [requests('5xx')]: rising(6),
  [requests('2xx', '0.25')]: rising(5990),
  [requests('2xx', '1')]: rising(6000),
  [requests('2xx', '5')]: rising(6000),
  [requests('2xx', '+Inf')]: rising(6000),
  'stoa_pool_waiting{pool="tenant"}': `0 3 0 0 2 0x${MINUTES}`,
  'stoa_transactions_total{pool="tenant",end="no_connection"}': always(7),
  'stoa_statements_cancelled_total{pool="tenant",reason="lock_timeout"}': rising(1),
  'stoa_requests_refused_total{code="RATE_LIMITED",plan="free"}': rising(5),
  'stoa_top_shop_database_seconds{rank="1",shop="corner-shop"}': always(40),
  nodejs_eventloop_lag_p99_seconds: always(0.02),
  'stoa_warm_pool{kind="tenants"}': always(10),
  'stoa_tenants_unmigrated{status="failed"}': always(0),
  stoa_tenants_behind: `0 900 400 0x${MINUTES}`,
  'stoa_operation_oldest_seconds{state="queued"}': always(60),
  'stoa_operations{state="failed"}': always(0),
  'stoa_job_oldest_seconds{state="ready"}': always(2),
  'stoa_jobs{state="dead"}': always(0),
  'stoa_tenant_jobs{state="dead"}': always(0),
  stoa_tenant_job_oldest_seconds: always(1),
  stoa_backup_oldest_seconds: always(86_400),
};

/** The installation after all of its processes have ended: nothing is scraped any more. */
export const GONE: Series = Object.fromEntries(Object.keys(HEALTHY).map((name) => [name, '1x10 stale']));

/** The fault that each alert is for, in an installation that is healthy otherwise, and the labels that the alert has besides its own. */
export const ALERTS: Record<string, { series: Series; labels?: Record<string, string> }> = {
  StoaDown: {
    series: { 'up{job="stoa",instance="a"}': always(0) },
    labels: { job: 'stoa', instance: 'a' },
  },
  StoaDatabaseDown: { series: { stoa_database_up: always(0) } },
  StoaErrors: { series: { [requests('5xx')]: rising(300) } },
  StoaSlow: { series: { [requests('2xx', '1')]: rising(5000), [requests('2xx', '0.25')]: rising(5000) } },
  StoaConnectionsShort: {
    series: { 'stoa_pool_waiting{pool="tenant"}': always(1) },
    labels: { pool: 'tenant' },
  },
  StoaNoConnection: {
    series: { 'stoa_transactions_total{pool="tenant",end="no_connection"}': rising(1) },
    labels: { pool: 'tenant' },
  },
  StoaStatementsCancelled: {
    series: { 'stoa_statements_cancelled_total{pool="tenant",reason="lock_timeout"}': rising(5) },
    labels: { reason: 'lock_timeout' },
  },
  StoaRefusals: {
    series: { 'stoa_requests_refused_total{code="RATE_LIMITED",plan="free"}': rising(120) },
    labels: { code: 'RATE_LIMITED' },
  },
  StoaBusyShop: {
    series: { 'stoa_top_shop_database_seconds{rank="1",shop="corner-shop"}': always(180) },
    labels: { shop: 'corner-shop' },
  },
  StoaEventLoopLag: { series: { nodejs_eventloop_lag_p99_seconds: always(0.5) } },
  StoaWarmPoolEmpty: { series: { 'stoa_warm_pool{kind="tenants"}': always(0) } },
  StoaMigrationFailed: { series: { 'stoa_tenants_unmigrated{status="failed"}': always(1) } },
  StoaTenantsBehind: { series: { stoa_tenants_behind: always(1) } },
  StoaOperationWaits: { series: { 'stoa_operation_oldest_seconds{state="queued"}': `1700+60x${MINUTES}` } },
  StoaOperationFailed: { series: { 'stoa_operations{state="failed"}': always(1) } },
  StoaJobsLate: { series: { 'stoa_job_oldest_seconds{state="ready"}': `200+60x${MINUTES}` } },
  StoaJobsDead: { series: { 'stoa_jobs{state="dead"}': always(2) } },
  StoaBackupOld: { series: { stoa_backup_oldest_seconds: `172000+60x${MINUTES}` } },
};
