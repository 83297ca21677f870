import { once } from 'node:events';
import { createServer } from 'node:http';
import { AggregatorRegistry, register } from 'prom-client';
import type { Logger } from '../../common/logger';
import type { Env } from '../../config/env';
import type { Times } from '../../config/times';
import { boundConnections } from '../connections';
import { FleetMetrics } from './fleet-metrics';

/** Far more than those who scrape. */
const MAX_CONNECTIONS = 100;
/** Interval at which Node checks for late requests. */
const CHECK_MS = 5_000;

/**
 * Serves `GET /metrics` in the text format of Prometheus: what this process or all its workers count, and figures of the
 * installation.
 * @param publicUrl URL of the public login
 * @returns a function that stops serving
 */
export async function serveMetrics(
  env: Env,
  publicUrl: string,
  logger: Logger,
  times: Times,
): Promise<() => Promise<void>> {
  const workers = env.WORKERS > 1 ? new AggregatorRegistry() : null;
  const fleet = await FleetMetrics.load(publicUrl, logger, times);
  const headersTimeout = env.HEADERS_TIMEOUT_MS;
  const connectionsCheckingInterval = Math.min(headersTimeout, CHECK_MS);
  const limits = { headersTimeout, requestTimeout: headersTimeout, connectionsCheckingInterval };
  const read = async () => {
    const texts = await Promise.all([workers?.clusterMetrics() ?? register.metrics(), fleet.text()]);
    return texts.map((text) => text.trimEnd()).join('\n\n') + '\n';
  };
  const server = createServer(limits, (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') return void response.writeHead(404).end();
    read().then(
      (text) => response.writeHead(200, { 'content-type': register.contentType }).end(text),
      (error: unknown) => {
        // A worker did not answer within five seconds. Sums without it would be wrong, so none are reported.
        logger.warn({ event: 'metrics.read_failed', err: error });
        response.writeHead(503).end();
      },
    );
  });
  boundConnections(server, MAX_CONNECTIONS);
  await once(server.listen(env.METRICS_PORT, env.METRICS_HOST), 'listening');
  return async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
}
