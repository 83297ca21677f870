import 'reflect-metadata';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Running, serve, startPrimary } from './app/start';
import { createLogger, type Logger } from './common/logger';
import { OperatorError, reportOf } from './common/report';
import { onSignal } from './common/signals';
import { misspeltSettings, readEnv } from './config/env';
import type { Times } from './config/times';

const SHUTDOWN_LIMIT_MS = 30_000;

async function main(times: Times): Promise<void> {
  const env = readEnv();
  const logger = createLogger(env.LOG_LEVEL);
  if (cluster.isPrimary) {
    for (const misspelt of misspeltSettings()) logger.warn({ event: 'setting.misspelt', ...misspelt });
    await assertPortIsFree(env.HOST, env.PORT, 'PORT (0 picks a free port)');
    await assertPortIsFree(env.METRICS_HOST, env.METRICS_PORT, 'METRICS_PORT (0 disables it)');
    await assertPortIsFree(env.OPERATOR_HOST, env.OPERATOR_PORT, 'OPERATOR_PORT (0 disables it)');
  }
  const starting = cluster.isPrimary ? startPrimary(env, logger, times) : serve(env, logger, times);
  stopOnSignal(starting, logger);
  const running = await starting;
  if (cluster.isPrimary) announce(running);
}

/**
 * Checks the port before anything is migrated, and once rather than in each worker.
 * @param setting name of the setting, and the meaning of 0
 * @throws OperatorError if another program uses the port
 */
async function assertPortIsFree(host: string, port: number, setting: string): Promise<void> {
  if (port === 0) return;
  const probe = createServer().listen(port, host);
  const error = await once(probe, 'listening').then(
    () => null,
    (cause: NodeJS.ErrnoException) => cause,
  );
  probe.close();
  if (error?.code !== 'EADDRINUSE') return; // the server itself reports any other fault when it listens
  throw new OperatorError(
    `Port ${port} on ${host} is used by another program: stop that program, or set ${setting}.`,
  );
}

/**
 * On a signal, finishes the requests in flight, closes the database connections and exits. During start-up it waits for
 * the start to complete: a half-started server would be left running.
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

function announce({ url, database, metrics, operators }: Running): void {
  const lines = [
    '',
    'Stoa is ready.',
    `  API       ${url}/api/v1`,
    `  Docs      ${url}/docs`,
    `  Database  ${database}`,
    ...(metrics === undefined ? [] : [`  Metrics   ${metrics}`]),
    ...(operators === undefined ? [] : [`  Operators ${operators}`]),
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Entry point of the bundle, which the build loads without running it (bundle-loader.cjs). */
export function run(times: Times = {}): void {
  main(times).catch((error: unknown) => {
    process.stderr.write(`${reportOf(error)}\n`);
    process.exit(1);
  });
}

if (require.main === module) run();
