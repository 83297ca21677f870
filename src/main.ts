import 'reflect-metadata';
import cluster from 'node:cluster';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLogger, type Logger } from './common/logger';
import { OperatorError, reportOf } from './common/report';
import { onSignal } from './common/signals';
import { type Env, readEnv } from './config/env';
import type { Base } from './database/database.module';
import { type Installation, joinInstallation, openInstallation } from './database/installation';
import { createHttpApp } from './app/http-server';
import { WarmPoolMaintenance } from './tenancy/warm-pool-maintenance';
import { TenantMigrations } from './tenancy/tenant-migrations';
import { TenantMigrator } from './operations/migrator/tenant-migrator';
import { Workers } from './app/workers';

/** Longer than a statement may take. */
const GRACE_MS = 20_000;
const SHUTDOWN_LIMIT_MS = 30_000;
/** Who starts wants to serve: busy shops and a server in trouble are waited for a little only. */
const AT_START = { patienceMs: 5000, pauseLimitMs: 30_000 };

interface Running {
  /** Where it can be reached, for people. */
  url: string;
  database: string;
  /** Where operators read them; absent when they are off. */
  gauges?: string;
  close(): Promise<void>;
}

async function main(): Promise<void> {
  const env = readEnv();
  const logger = createLogger(env.LOG_LEVEL);
  if (cluster.isPrimary) {
    await assertPortIsFree(env.HOST, env.PORT, 'PORT (0 takes a free one)');
    await assertPortIsFree(env.METRICS_HOST, env.METRICS_PORT, 'METRICS_PORT (0 opens none)');
  }
  const starting = cluster.isPrimary ? startPrimary(env, logger) : start(env, logger);
  stopOnSignal(starting, logger);
  const running = await starting;
  if (cluster.isPrimary) announce(running);
}

/**
 * Asked first and once: before a program that cannot serve migrates anything, and not by each worker.
 * @param setting that names it, and what 0 means there
 * @throws OperatorError
 */
async function assertPortIsFree(host: string, port: number, setting: string): Promise<void> {
  if (port === 0) return;
  const probe = createServer().listen(port, host);
  const error = await once(probe, 'listening').then(
    () => null,
    (cause: NodeJS.ErrnoException) => cause,
  );
  probe.close();
  if (error?.code !== 'EADDRINUSE') return; // what else may be wrong is told by who listens
  throw new OperatorError(
    `Port ${port} of ${host} is taken by another program: end that one, or set ${setting}.`,
  );
}

function open(env: Env, logger: Logger): Promise<Installation> {
  return env.PROVISIONING === 'worker' ? joinInstallation(env) : openInstallation(env, logger);
}

/** The API, in this process or in workers, and the gauges of all. */
async function startPrimary(env: Env, logger: Logger): Promise<Running> {
  const running = await (env.WORKERS > 1 ? startWorkers(env, logger) : start(env, logger));
  if (env.METRICS_PORT === 0) return running;
  try {
    const { serveGauges } = await import('./app/gauges.js');
    const endGauges = await serveGauges(env, logger);
    return {
      ...running,
      gauges: `${urlOf(env.METRICS_HOST, env.METRICS_PORT)}/metrics`,
      close: async () => {
        await endGauges();
        await running.close();
      },
    };
  } catch (error) {
    await running.close();
    throw error;
  }
}

/** Makes the database ready, once, and keeps an embedded one running; the workers do the rest. */
async function startWorkers(env: Env, logger: Logger): Promise<Running> {
  const { server } = await open(env, logger);
  const workers = new Workers(env.WORKERS, logger);
  const close = async () => {
    await workers.stop();
    await server.close();
  };
  try {
    const port = await workers.start();
    return { url: urlOf(env.HOST, port), database: server.description, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function start(env: Env, logger: Logger): Promise<Running> {
  const installation = await open(env, logger);
  try {
    const app = await listen({ env, logger, installation });
    return {
      url: (await app.getUrl()).replace('[::1]', 'localhost'),
      database: installation.server.description,
      close: async () => {
        const http = app.getHttpServer() as Server;
        setTimeout(() => http.closeAllConnections(), GRACE_MS).unref(); // a stalled sender must not hold it up
        await app.close();
        await installation.server.close();
      },
    };
  } catch (error) {
    await installation.server.close();
    throw error;
  }
}

/** Brings every tenant up to date, where that is this process's work, then listens and keeps the warm pool full. A tenant that cannot be migrated answers 503, alone. */
async function listen(base: Base): Promise<NestFastifyApplication> {
  const app = await createHttpApp(base);
  try {
    if (base.installation.admin !== null) await migrateTenants(app, base);
    if (base.env.METRICS_PORT > 0) (await import('./app/gauges.js')).registerGauges(app); // not loaded by those who read none
    await app.listen(base.env.PORT, base.env.HOST);
    if (base.installation.admin !== null) app.get(WarmPoolMaintenance).start();
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
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

/**
 * Finishes what is in flight, lets go of the database, then ends. During the start it waits for that first: a
 * server that is half started would be left behind.
 */
function stopOnSignal(starting: Promise<Running>, logger: Logger): void {
  const stop = async (signal: string) => {
    logger.info({ event: 'stopping', signal });
    setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref();
    await (await starting).close();
    logger.info({ event: 'stopped' });
    process.exit(0);
  };
  onSignal(['SIGTERM', 'SIGINT', 'SIGHUP'], (signal) => {
    stop(signal).catch((error: unknown) => {
      logger.fatal({ event: 'stop_failed', err: error });
      process.exit(1);
    });
  });
}

function announce({ url, database, gauges }: Running): void {
  const lines = [
    '',
    'Stoa is ready.',
    `  API       ${url}/api/v1`,
    `  Docs      ${url}/docs`,
    `  Database  ${database}`,
    ...(gauges === undefined ? [] : [`  Gauges    ${gauges}`]),
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** The bundle is loaded at the build too, and not run (bundle-loader.cjs). */
export function run(): void {
  main().catch((error: unknown) => {
    process.stderr.write(`${reportOf(error)}\n`);
    process.exit(1);
  });
}

if (require.main === module) run();
