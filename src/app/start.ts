import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from '../common/logger';
import type { Env } from '../config/env';
import type { Times } from '../config/times';
import type { Base } from '../database/database.module';
import { type Installation, joinInstallation, openInstallation } from '../database/installation';
import { whenReachable } from '../database/when-reachable';
import { startWork } from '../operations/lifecycle/start-work';
import { TenantMigrator } from '../operations/migrator/tenant-migrator';
import { ActivityLog } from '../tenancy/activity-log';
import { Readiness } from '../public/health/readiness';
import { TenantMigrations } from '../tenancy/tenant-migrations';
import { WarmPoolMaintenance } from '../tenancy/warm-pool-maintenance';
import { createHttpApp } from './http-server';
import { startTracing } from './tracing';
import { Workers } from './workers';

/** On shutdown, connections still open after this time are closed. Longer than a statement may take. */
const GRACE_MS = 20_000;
/** A start should serve soon, so it waits only briefly for busy shops and for a server in trouble. */
const AT_START = { patienceMs: 5000, pauseLimitMs: 30_000 };

export interface Running {
  /** URL for people. */
  url: string;
  database: string;
  /** URL of the metrics; absent if they are off. */
  metrics?: string;
  /** URL of the operators' API; absent if it is off. */
  operators?: string;
  close(): Promise<void>;
}

interface Started extends Running {
  /** URL of the public login. */
  publicUrl: string;
}

/** Settings and surroundings of a start. */
export interface Start {
  env: Env;
  logger: Logger;
  times: Times;
  /** Aborted by a stop. */
  signal: AbortSignal;
}

/** Opens the installation. A server of DATABASE_URL may start later than this process. */
function open({ env, logger, times, signal }: Start): Promise<Installation> {
  const attempt = () =>
    env.PROVISIONING === 'worker' ? joinInstallation(env) : openInstallation(env, logger);
  if (env.DATABASE_URL === undefined) return attempt();
  return whenReachable(attempt, logger, signal, times.databaseWaitMs);
}

/** Starts the API, in this process or in workers, and serves the metrics of all of them. */
export async function startPrimary(start: Start): Promise<Running> {
  const { env, logger, times } = start;
  const { publicUrl, ...running } = await (env.WORKERS > 1 ? startWorkers(start) : serve(start));
  if (env.METRICS_PORT === 0) return running;
  try {
    const { serveMetrics } = await import('./metrics/serve-metrics.js');
    const endMetrics = await serveMetrics(env, publicUrl, logger, times);
    return {
      ...running,
      metrics: `${urlOf(env.METRICS_HOST, env.METRICS_PORT)}/metrics`,
      close: async () => {
        await endMetrics();
        await running.close();
      },
    };
  } catch (error) {
    await running.close();
    throw error;
  }
}

/** Prepares the database once, keeps an embedded server running, and starts the workers. */
async function startWorkers(start: Start): Promise<Started> {
  const { env, logger } = start;
  const { server, logins } = await open(start);
  const workers = new Workers(env.WORKERS, logger, env.OPERATOR_PORT);
  const close = async () => {
    await workers.stop();
    await server.close();
  };
  try {
    const port = await workers.start();
    return {
      url: urlOf(env.HOST, port),
      database: server.description,
      publicUrl: logins.public,
      ...operatorsOf(env),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function operatorsOf({ OPERATOR_HOST, OPERATOR_PORT }: Env): Pick<Running, 'operators'> {
  if (OPERATOR_PORT === 0) return {};
  return { operators: `${urlOf(OPERATOR_HOST, OPERATOR_PORT)}/operator/v1` };
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Starts the API in this process. */
export async function serve(start: Start): Promise<Started> {
  const { env, logger, times } = start;
  const { stopGraceMs = GRACE_MS } = times;
  const installation = await open(start);
  const endTracing = await startTracing(env, logger);
  try {
    const { app, operators } = await listen({ env, logger, installation, times });
    const url = (await app.getUrl()).replace('[::1]', 'localhost');
    await installation.server.announce(url);
    return {
      url,
      database: installation.server.description,
      publicUrl: installation.logins.public,
      ...operatorsOf(env),
      close: async () => {
        app.get(Readiness).end();
        await sleep(env.DRAIN_MS); // load balancers look at readiness, and go on sending until they have
        const servers = [app, operators].flatMap((one) => (one ? [one.getHttpServer() as Server] : []));
        const closeAll = () => servers.forEach((server) => server.closeAllConnections());
        setTimeout(closeAll, stopGraceMs).unref(); // a stalled sender must not delay the shutdown
        await operators?.getHttpAdapter().close(); // not the application, which would close what it shares with the other
        await app.close();
        await endTracing();
        await installation.server.close();
      },
    };
  } catch (error) {
    await installation.server.close();
    throw error;
  }
}

/**
 * Migrates all tenants if this process has admin rights, then listens, keeps the warm pool full, and runs operations and jobs.
 * Requests of a tenant that cannot be migrated are answered with 503; other tenants are served.
 */
async function listen(base: Base): Promise<{
  app: NestFastifyApplication;
  operators: NestFastifyApplication | null;
}> {
  const app = await createHttpApp(base);
  try {
    if (base.installation.admin !== null) await migrateTenants(app, base);
    if (base.env.METRICS_PORT > 0) {
      const { registerProcessMetrics } = await import('./metrics/process-metrics.js'); // loaded only if enabled
      registerProcessMetrics(app);
    }
    const operators = await listenForOperators(base, app);
    await app.listen(base.env.PORT, base.env.HOST);
    app.get(ActivityLog).start();
    if (base.installation.admin !== null) {
      app.get(WarmPoolMaintenance).start();
      if (base.env.JOBS === 'inline') startWork(app);
    }
    return { app, operators };
  } catch (error) {
    await app.close();
    throw error;
  }
}

async function listenForOperators(
  base: Base,
  app: NestFastifyApplication,
): Promise<NestFastifyApplication | null> {
  const { OPERATOR_PORT, OPERATOR_HOST } = base.env;
  if (OPERATOR_PORT === 0) return null;
  const { createOperatorApp } = await import('./operator-server.js'); // loaded only if enabled
  const operators = await createOperatorApp(base, app);
  await operators.listen(OPERATOR_PORT, OPERATOR_HOST);
  return operators;
}

async function migrateTenants(app: NestFastifyApplication, { installation, logger }: Base): Promise<void> {
  const { failed, deferred, migrated, outcome, reason } = await new TenantMigrator(
    app.get(TenantMigrations),
    installation,
  ).run(AT_START);
  for (const tenant of failed) logger.error({ event: 'tenant.migration_failed', ...tenant });
  for (const tenant of deferred) logger.warn({ event: 'tenant.migration_deferred', ...tenant });
  if (outcome === 'stopped') logger.error({ event: 'tenants.migration_stopped', reason });
  if (migrated > 0) logger.info({ event: 'tenants.migrated', migrated });
}
