import type { Server } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from '../common/logger';
import type { Env } from '../config/env';
import type { Base } from '../database/database.module';
import { type Installation, joinInstallation, openInstallation } from '../database/installation';
import { TenantMigrator } from '../operations/migrator/tenant-migrator';
import { TenantMigrations } from '../tenancy/tenant-migrations';
import { WarmPoolMaintenance } from '../tenancy/warm-pool-maintenance';
import { createHttpApp } from './http-server';
import { Workers } from './workers';

/** Longer than a statement may take. */
const GRACE_MS = 20_000;
/** Who starts wants to serve: busy shops and a server in trouble are waited for a little only. */
const AT_START = { patienceMs: 5000, pauseLimitMs: 30_000 };

export interface Running {
  /** Where it can be reached, for people. */
  url: string;
  database: string;
  /** Where operators read them; absent when they are off. */
  gauges?: string;
  close(): Promise<void>;
}

function open(env: Env, logger: Logger): Promise<Installation> {
  return env.PROVISIONING === 'worker' ? joinInstallation(env) : openInstallation(env, logger);
}

/** The API, in this process or in workers, and the gauges of all. */
export async function startPrimary(env: Env, logger: Logger): Promise<Running> {
  const running = await (env.WORKERS > 1 ? startWorkers(env, logger) : serve(env, logger));
  if (env.METRICS_PORT === 0) return running;
  try {
    const { serveGauges } = await import('./gauges.js');
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

export async function serve(env: Env, logger: Logger): Promise<Running> {
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
    if (base.env.METRICS_PORT > 0) (await import('./gauges.js')).registerGauges(app); // not loaded by those who read none
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
