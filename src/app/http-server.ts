import type { Server } from 'node:http';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { FastifyHttpOptions, FastifyInstance } from 'fastify';
import { AppModule } from './app.module';
import { MalformedUrl, UriTooLong } from '../common/common.errors';
import { newId } from '../common/ids';
import { type Logger, NestLogger } from '../common/logger';
import { acceptBodies, checkInput } from '../http/bodies';
import { ProblemFilter } from '../http/problem.filter';
import { createValidationPipe } from '../http/validation';
import type { Env } from '../config/env';
import type { Base } from '../database/database.module';
import { cutStalledDownloads, endConnectionsOnStop, refuseConnection } from './connections';
import { createOpenApi } from './openapi';
import { BARE_HEADERS, protectAnswers } from './security-headers';
import type { TenantRequest } from '../tenancy/tenant';

const JSON_LIMIT_BYTES = 1_048_576;
/** How long headers may take to arrive, and how often Node looks for requests that are late. */
const HEADERS_MS = 60_000;
const CHECK_MS = 5_000;
const REQUEST_ID = /^[\w-]{8,64}$/;

/**
 * The HTTP application, ready to listen or to be asked by `inject` in a test.
 * @param root the module to serve; a test may wrap the application's in one that has more routes
 */
export async function createHttpApp(
  base: Base,
  root: DynamicModule = AppModule.forRoot(base),
): Promise<NestFastifyApplication> {
  const problems = new ProblemFilter(base.logger);
  const arrival = base.env.REQUEST_TIMEOUT_MS;
  const connectionsCheckingInterval = Math.min(arrival, CHECK_MS);
  const options: FastifyHttpOptions<Server> = {
    bodyLimit: JSON_LIMIT_BYTES,
    trustProxy: trustedProxies(base.env.TRUST_PROXY),
    requestTimeout: arrival,
    return503OnClosing: false, // what still arrives is served: the databases are closed last
    http: {
      requestTimeout: arrival,
      headersTimeout: Math.min(arrival, HEADERS_MS),
      connectionsCheckingInterval,
    },
    genReqId: (request) => wantedRequestId(request.headers['x-request-id']) ?? newId(),
    frameworkErrors: (error, request, reply) =>
      problems.send(
        new (error.statusCode === 414 ? UriTooLong : MalformedUrl)({ cause: error }),
        request,
        reply.headers(BARE_HEADERS),
      ),
    clientErrorHandler: refuseConnection,
  };
  const adapter = new FastifyAdapter(options);
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    bodyParser: false,
    logger: new NestLogger(base.logger),
    abortOnError: false,
  });
  app.setGlobalPrefix('api/v1', { exclude: ['health/*path', '.well-known/*path'] });
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(problems);
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  await protectAnswers(fastify);
  acceptBodies(fastify);
  logRequests(fastify, base.logger);
  checkInput(fastify);
  endConnectionsOnStop(fastify);
  cutStalledDownloads(fastify, arrival);
  SwaggerModule.setup('docs', app, () => createOpenApi(app), {
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Stoa API',
  });
  await app.init();
  return app;
}

/** Fastify trusts nobody when it is given a number, so a count is spelled out; hop 0 is who connects to us. */
function trustedProxies(setting: Env['TRUST_PROXY']): FastifyHttpOptions<Server>['trustProxy'] {
  return typeof setting === 'number' ? (_address, hop) => hop < setting : (setting ?? false);
}

function wantedRequestId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && REQUEST_ID.test(header) ? header : undefined;
}

/** One line a request: route pattern instead of path, shop instead of person. */
function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    logger.info({
      event: 'request',
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      shopId: (request as TenantRequest).user?.shopId ?? undefined,
    });
    done();
  });
}
