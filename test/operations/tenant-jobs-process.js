'use strict';
/*
 * A process that does jobs of shops, for tests that kill it: `fork(this, [JSON])`. Its handler `note` writes one effect and tells
 * its parent that it has begun; it waits `ms` before its COMMIT.
 */
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { url, times } = JSON.parse(process.argv[2]);
const from = (file) => require(path.join(process.env['TEST_PROGRAM'], 'src', file));
const { NestFactory } = require('@nestjs/core');
const { z } = require('zod');
const { readEnv } = from('config/env');
const { createLogger } = from('common/logger');
const { openInstallation } = from('database/installation');
const { AppModule } = from('app/app.module');
const { TenantJobs } = from('operations/tenant-jobs/tenant-jobs');
const { TenantJobWorker } = from('operations/tenant-jobs/tenant-job-worker');

async function main() {
  const env = readEnv({
    DATABASE_URL: url,
    APP_SECRET: 'a secret that only tests use, at least 32 characters',
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    TENANT_POOL_SIZE: '16',
  });
  const logger = createLogger(env.LOG_LEVEL);
  const installation = await openInstallation(env, logger);
  const app = await NestFactory.createApplicationContext(
    AppModule.forRoot({ env, logger, installation, times }),
    {
      logger: false,
    },
  );
  app.get(TenantJobs).handle('note', {
    payload: z.object({ job: z.number(), key: z.string(), marker: z.string(), ms: z.number() }),
    run: async (connection, { job, key, marker, ms }) => {
      process.send({ what: 'begin', job, marker });
      await connection.transaction(async (manager) => {
        await manager.query('INSERT INTO effects (job, key, marker) VALUES ($1, $2, $3)', [job, key, marker]);
        await sleep(ms);
      });
    },
  });
  app.get(TenantJobWorker).start();
  process.on('message', () => void app.close().finally(() => process.exit()));
  process.send({ what: 'ready' });
}

void main();
