'use strict';
/*
 * A process that does jobs, for tests that kill it: `fork(this, [JSON])`. It tells its parent when it begins and ends a
 * job, and stops in order when told to.
 */
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { url, leaseMs, cron, clockMs = 0 } = JSON.parse(process.argv[2]);
if (clockMs !== 0) shiftClock(clockMs);

const from = (file) => require(path.join(process.env['TEST_PROGRAM'], 'src', file));
const { readEnv } = from('config/env');
const { createLogger } = from('common/logger');
const { openInstallation } = from('database/installation');
const { JobRunner } = from('operations/jobs/job-runner');

async function work(payload, signal) {
  const tell = (what, more) => process.send({ what, ...payload, ...more });
  tell('begin');
  if (payload.fail) throw new Error('told to fail');
  await sleep(payload.ms ?? 0, undefined, payload.deaf ? {} : { signal }).catch((error) => {
    tell('aborted');
    throw error;
  });
  tell('end');
}

function shiftClock(ms) {
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...given) {
      super(...(given.length === 0 ? [Real.now() + ms] : given));
    }
    static now() {
      return Real.now() + ms;
    }
  };
}

async function main() {
  const env = readEnv({
    DATABASE_URL: url,
    APP_SECRET: 'a secret that only tests use, at least 32 characters',
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
  });
  const logger = createLogger(env.LOG_LEVEL);
  const runner = new JobRunner(await openInstallation(env, logger), logger, {
    jobLeaseMs: leaseMs,
    stopGraceMs: 2000,
  });
  runner.task('work', work);
  if (cron) runner.schedule('work', cron);
  await runner.start();
  process.on('message', () => void runner.stop().finally(() => process.exit()));
  process.send({ what: 'ready' });
}

void main();
