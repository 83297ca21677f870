import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { INestApplicationContext } from '@nestjs/common';
import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, register } from 'prom-client';
import type { Logger } from '../common/logger';
import type { Env } from '../config/env';
import { AdminDatabase, PublicDatabase } from '../database/control-database';
import { TenantDatabase } from '../tenancy/tenant-database';

/**
 * Registers the gauges of this process and its connection pools, read on request: docs/operations.md. None has a label
 * by shop: thousands of series would say no more. Call once per process.
 */
export function registerGauges(app: INestApplicationContext): void {
  const tenants = app.get(TenantDatabase);
  const admin = app.get<AdminDatabase | null>(AdminDatabase);
  const pools = Object.entries({ tenant: tenants, public: app.get(PublicDatabase), ...(admin && { admin }) });
  new Gauge({
    name: 'stoa_pool_connections',
    help: 'Connections to the database that are open or being opened, by pool and state: in use or idle.',
    labelNames: ['pool', 'state'],
    collect() {
      for (const [pool, database] of pools) {
        const { total, idle } = database.load();
        this.set({ pool, state: 'in_use' }, total - idle);
        this.set({ pool, state: 'idle' }, idle);
      }
    },
  });
  new Gauge({
    name: 'stoa_pool_waiting',
    help: 'Requests waiting for a connection, by pool.',
    labelNames: ['pool'],
    collect() {
      for (const [pool, database] of pools) this.set({ pool }, database.load().waiting);
    },
  });
  new Gauge({
    name: 'stoa_pool_tenants',
    help: 'Largest number of tenants served by one open connection of the tenant pool.',
    aggregator: 'max',
    collect() {
      this.set(tenants.load().tenants ?? 0);
    },
  });
  new Counter({
    name: 'stoa_pool_retired_total',
    help: 'Connections of the tenant pool replaced because they had served too many tenants.',
    collect() {
      this.reset(); // the pool keeps the total; a Counter can only be incremented
      this.inc(tenants.load().retired ?? 0);
    },
  });
  collectDefaultMetrics();
  if (cluster.isWorker) new AggregatorRegistry(); // answers the primary process, which collects from all workers
}

/**
 * Serves `GET /metrics` in the text format of Prometheus, for this process or for all its workers.
 * @returns a function that stops serving
 */
export async function serveGauges(env: Env, logger: Logger): Promise<() => Promise<void>> {
  const workers = env.WORKERS > 1 ? new AggregatorRegistry() : null;
  const read = () => workers?.clusterMetrics() ?? register.metrics();
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') return void response.writeHead(404).end();
    read().then(
      (text) => response.writeHead(200, { 'content-type': register.contentType }).end(text),
      (error: unknown) => {
        // A worker did not answer within five seconds. Sums without it would be wrong, so none are reported.
        logger.warn({ event: 'gauges.read_failed', err: error });
        response.writeHead(503).end();
      },
    );
  });
  await once(server.listen(env.METRICS_PORT, env.METRICS_HOST), 'listening');
  return async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
}
