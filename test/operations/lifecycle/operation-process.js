'use strict';
/*
 * A process that runs one operation, for tests that kill it: `fork(this, [JSON])`. It tells its parent each step that it
 * begins, and the end.
 */
const path = require('node:path');

const { url, id, target, files } = JSON.parse(process.argv[2]);
const from = (file) => require(path.join(process.env['TEST_PROGRAM'], 'src', file));
const { readEnv } = from('config/env');
const { createLogger } = from('common/logger');
const { openInstallation } = from('database/installation');
const { TenantMigrations } = from('tenancy/tenant-migrations');
const { OPERATION_KINDS } = from('operations/lifecycle/kinds/kinds');
const { OperationRunner } = from('operations/lifecycle/operation-runner');

async function main() {
  const env = readEnv({
    DATABASE_URL: url,
    BACKUP_TARGET: target,
    ...(files !== undefined && { FILES_TARGET: files }),
    APP_SECRET: 'a secret that only tests use, at least 32 characters',
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
  });
  const logger = createLogger(env.LOG_LEVEL);
  const installation = await openInstallation(env, logger);
  const migrations = await TenantMigrations.load();
  const describedTables = async () => from('app/app.module').AppModule.describedTables;
  const tools = { installation, migrations, env, logger, describedTables };
  const runner = new OperationRunner(tools, OPERATION_KINDS);
  process.send({ step: 'begin', done: 0 });
  const ended = await runner.run(id, { onProgress: ({ step, done }) => process.send({ step, done }) });
  process.send({ step: `end ${ended?.state}`, done: 0 }, () => process.exit());
}

void main();
