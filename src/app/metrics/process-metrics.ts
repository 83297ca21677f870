import cluster from 'node:cluster';
import type { INestApplicationContext } from '@nestjs/common';
import { AggregatorRegistry, collectDefaultMetrics, register } from 'prom-client';
import { AdminDatabase, PublicDatabase } from '../../database/control-database';
import { CANCEL_REASONS } from '../../database/transaction-meter';
import { ProvisioningService } from '../../tenancy/provisioning.service';
import { TenantDatabase } from '../../tenancy/tenant-database';
import { expose, samplesOf } from './metric';
import { RequestMeter } from './request-meter';

type Database = Pick<PublicDatabase, 'load' | 'meter'>;
type Pools = [pool: string, database: Database][];

/** Registers what this process counts: docs/metrics.md. No series has a label by shop. Call once per process. */
export function registerProcessMetrics(app: INestApplicationContext): void {
  const tenants = app.get(TenantDatabase);
  const admin = app.get<AdminDatabase | null>(AdminDatabase);
  const pools: Pools = [
    ['tenant', tenants],
    ['public', app.get(PublicDatabase)],
    ...(admin === null ? [] : ([['admin', admin]] as Pools)),
  ];
  exposeRequests(app.get(RequestMeter));
  exposePools(pools);
  exposeTenantPool(tenants);
  exposeTransactions(pools);
  exposeProvisioning(app.get(ProvisioningService));
  collectDefaultMetrics();
  if (cluster.isWorker) new AggregatorRegistry(); // answers the primary process, which collects from all workers
}

function exposeRequests(requests: RequestMeter): void {
  const name = 'stoa_request_duration_seconds';
  const help = 'Time from the arrival of a request to the end of its answer.';
  expose(register, { name, help, type: 'histogram' }, function* () {
    for (const { labels, histogram } of requests.durations())
      yield* samplesOf(name, { ...labels }, histogram);
  });
  expose(
    register,
    {
      name: 'stoa_requests_refused_total',
      help: 'Requests that were refused because of a limit or of load, by code of the error.',
      type: 'counter',
    },
    function* () {
      for (const { code, plan, count } of requests.refusals()) yield { labels: { code, plan }, value: count };
    },
  );
}

function exposePools(pools: Pools): void {
  expose(
    register,
    {
      name: 'stoa_pool_connections',
      help: 'Connections to the database that are open or being opened, by pool and state: in use or idle.',
      type: 'gauge',
    },
    function* () {
      for (const [pool, database] of pools) {
        const { total, idle } = database.load();
        yield { labels: { pool, state: 'in_use' }, value: total - idle };
        yield { labels: { pool, state: 'idle' }, value: idle };
      }
    },
  );
  expose(
    register,
    { name: 'stoa_pool_waiting', help: 'Transactions waiting for a connection, by pool.', type: 'gauge' },
    () => pools.map(([pool, database]) => ({ labels: { pool }, value: database.load().waiting })),
  );
  const name = 'stoa_pool_wait_seconds';
  const help = 'Time that a transaction waited for its connection.';
  expose(register, { name, help, type: 'histogram' }, function* () {
    for (const [pool, { meter }] of pools) yield* samplesOf(name, { pool }, meter.waits);
  });
}

function exposeTenantPool(tenants: TenantDatabase): void {
  expose(
    register,
    {
      name: 'stoa_pool_tenants',
      help: 'Largest number of tenants served by one open connection of the tenant pool.',
      type: 'gauge',
      aggregator: 'max',
    },
    () => [{ labels: {}, value: tenants.load().tenants ?? 0 }],
  );
  expose(
    register,
    {
      name: 'stoa_pool_retired_total',
      help: 'Connections of the tenant pool replaced because they had served too many tenants.',
      type: 'counter',
    },
    () => [{ labels: {}, value: tenants.load().retired ?? 0 }],
  );
}

function exposeTransactions(pools: Pools): void {
  expose(
    register,
    {
      name: 'stoa_transactions_total',
      help: 'Transactions by end: committed, rolled back, or never begun: no connection, the share of the shop used up, or the client gone.',
      type: 'counter',
    },
    () =>
      pools.flatMap(([pool, { meter }]) => [
        { labels: { pool, end: 'committed' }, value: meter.committed },
        { labels: { pool, end: 'rolled_back' }, value: meter.rolledBack },
        { labels: { pool, end: 'no_connection' }, value: meter.unconnected },
        { labels: { pool, end: 'over_share' }, value: meter.overShare },
        { labels: { pool, end: 'abandoned' }, value: meter.abandoned },
      ]),
  );
  expose(
    register,
    {
      name: 'stoa_statements_cancelled_total',
      help: 'Statements that PostgreSQL ended: too slow, waited too long for a lock, or part of a deadlock.',
      type: 'counter',
    },
    () =>
      pools.flatMap(([pool, { meter }]) =>
        CANCEL_REASONS.map((reason) => ({ labels: { pool, reason }, value: meter.cancelled[reason] })),
      ),
  );
  expose(
    register,
    {
      name: 'stoa_statements_slow_total',
      help: 'Statements that took longer than SLOW_STATEMENT_MS; each is in the log.',
      type: 'counter',
    },
    () => pools.map(([pool, { meter }]) => ({ labels: { pool }, value: meter.slow })),
  );
}

function exposeProvisioning({ times }: ProvisioningService): void {
  const name = 'stoa_provisioning_seconds';
  const help = 'Time that the tenant of a new shop took, by what the warm pool had ready.';
  expose(register, { name, help, type: 'histogram' }, function* () {
    for (const [ready, histogram] of Object.entries(times)) yield* samplesOf(name, { ready }, histogram);
  });
}
