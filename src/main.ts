import 'reflect-metadata';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLogger, type Logger } from './common/logger';
import { reportOf } from './common/report';
import { type Env, readEnv } from './config/env';
import type { Base } from './database/database.module';
import { type Installation, openInstallation } from './database/installation';
import { createHttpApp } from './http';
import { TenantMigrator } from './tenancy/tenant-migrator';

const SHUTDOWN_LIMIT_MS = 30_000;

async function main(): Promise<void> {
  const env = readEnv();
  const logger = createLogger(env.LOG_LEVEL);
  const installation = await openInstallation(env, logger);
  try {
    const app = await start({ env, logger, installation });
    stopOnSignal(app, installation, logger);
    await announce(app, env, installation);
  } catch (error) {
    await installation.server.close();
    throw error;
  }
}

/** Brings every tenant up to date, then listens. A tenant that cannot be migrated answers 503, alone. */
async function start(base: Base): Promise<NestFastifyApplication> {
  const app = await createHttpApp(base);
  try {
    const { failed, migrated } = await app.get(TenantMigrator).migrate();
    for (const tenant of failed) base.logger.error({ event: 'tenant.migration_failed', ...tenant });
    if (migrated > 0) base.logger.info({ event: 'tenants.migrated', migrated });
    await app.listen(base.env.PORT, base.env.HOST);
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** Finishes what is in flight, lets go of the database, then ends. A second signal ends at once. */
function stopOnSignal(app: NestFastifyApplication, { server }: Installation, logger: Logger): void {
  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.info({ event: 'stopping', signal });
    setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref();
    await app.close();
    await server.close();
    logger.info({ event: 'stopped' });
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      stop(signal).catch((error: unknown) => {
        logger.fatal({ event: 'stop_failed', err: error });
        process.exit(1);
      });
    });
}

async function announce(app: NestFastifyApplication, env: Env, { server }: Installation): Promise<void> {
  const url = (await app.getUrl()).replace('[::1]', 'localhost');
  const lines = [
    '',
    `Stoa is ready.`,
    `  API       ${url}/api/v1`,
    `  Docs      ${url}/docs`,
    `  Database  ${server.description}`,
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${reportOf(error)}\n`);
  process.exit(1);
});
