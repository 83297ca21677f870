import { MAX_BODY_KIB } from '../common/bounds';
import type { Server } from 'node:http';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { FastifyHttpOptions, FastifyInstance, FastifyRequest } from 'fastify';
import { AppModule } from './app.module';
import { MalformedUrl, UriTooLong } from '../common/common.errors';
import { newId } from '../common/ids';
import { type Logger, NestLogger } from '../common/logger';
import { isTraced, traceIdIn } from '../common/tracing';
import { letAskFirst } from '../http/awaited-body';
import { acceptBodies, checkInput } from '../http/bodies';
import { jsonOf } from '../http/page';
import { type FailedRequest, ProblemFilter } from '../http/problem.filter';
import { createValidationPipe } from '../http/validation';
import type { Env } from '../config/env';
import type { Base } from '../database/database.module';
import { compressAnswers } from './compression';
import { boundConnections, cutDeafClients, endConnectionsOnStop, refuseConnection } from './connections';
import { allowOrigins } from './cross-origin';
import { RequestMeter } from './metrics/request-meter';
import { refuseEarly, refuseStrangers } from './early-refusals';
import { keepFixedAnswers, serveFiles } from './fixed-answers';
import { createOpenApi } from './openapi';
import { BARE_HEADERS, protectAnswers } from './security-headers';
import { traceIdOf, traceRequests } from './tracing';
import type { TenantRequest } from '../tenancy/tenant';

/** Interval at which Node checks for late requests. */
const CHECK_MS = 5_000;
const REQUEST_ID = /^[\w-]{8,64}$/;

/** One of the APIs of the program; each has a server of its own. */
export interface HttpApi {
  root: DynamicModule;
  /** Path below which its routes are. */
  prefix: string;
  /** Routes outside of it. */
  exclude?: string[];
  /** Origins of pages whose scripts may call it. */
  origins?: string[] | undefined;
  title: string;
  openApi(app: NestFastifyApplication): OpenAPIObject;
  /** Facts about a request for its line of the log. */
  factsOf(request: FastifyRequest): object;
  /** Some of its routes enter a shop. */
  hasShops?: boolean;
  /** Gives what counts requests. */
  meterOf?(app: NestFastifyApplication): RequestMeter;
}

/**
 * Creates the HTTP application, ready to listen or, in a test, for `inject`.
 * @param root module to serve; a test may wrap the application's module in one with more routes
 */
export function createHttpApp(
  base: Base,
  root: DynamicModule = AppModule.forRoot(base),
): Promise<NestFastifyApplication> {
  return createServerOf(base, {
    root,
    prefix: 'api/v1',
    exclude: ['health/*path', '.well-known/*path'],
    origins: base.env.CORS_ORIGINS,
    title: 'Stoa API',
    openApi: (app) => createOpenApi(app),
    factsOf: (request) => {
      const { user } = request as TenantRequest;
      return { shopId: user?.shopId ?? undefined, userId: user?.userId };
    },
    hasShops: true,
    meterOf: (app) => app.get(RequestMeter),
  });
}

/** Creates the server of an API, with everything that all APIs have in common. */
export async function createServerOf(base: Base, api: HttpApi): Promise<NestFastifyApplication> {
  const problems = new ProblemFilter(base.logger);
  const arrival = base.env.REQUEST_TIMEOUT_MS;
  const headersTimeout = Math.min(arrival, base.env.HEADERS_TIMEOUT_MS);
  const options: FastifyHttpOptions<Server> = {
    bodyLimit: MAX_BODY_KIB * 1024,
    trustProxy: trustedProxies(base.env.TRUST_PROXY),
    requestTimeout: arrival,
    keepAliveTimeout: base.env.KEEP_ALIVE_MS,
    return503OnClosing: false, // requests that still arrive are served: the databases are closed last
    http: {
      requestTimeout: arrival,
      headersTimeout,
      connectionsCheckingInterval: Math.min(headersTimeout, CHECK_MS),
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
  const app = await NestFactory.create<NestFastifyApplication>(api.root, adapter, {
    bodyParser: false,
    logger: new NestLogger(base.logger),
    abortOnError: false,
  });
  app.setGlobalPrefix(api.prefix, { exclude: api.exclude ?? [] });
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(problems);
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  protectAnswers(fastify);
  await allowOrigins(fastify, api.origins);
  await compressAnswers(fastify);
  keepFixedAnswers(fastify);
  acceptBodies(fastify);
  fastify.setReplySerializer((payload) => jsonOf(payload as object)); // of texts and streams there is none
  if (isTraced()) traceRequests(fastify, (request) => api.factsOf(request));
  logRequests(fastify, base.logger, api, api.meterOf?.(app));
  if (api.hasShops === true) refuseEarly(fastify, app, problems);
  checkInput(fastify);
  refuseStrangers(fastify, problems);
  endConnectionsOnStop(fastify);
  cutDeafClients(fastify, arrival);
  letAskFirst(fastify.server);
  boundConnections(fastify.server, base.env.MAX_CONNECTIONS);
  serveFiles(fastify);
  SwaggerModule.setup('docs', app, () => api.openApi(app), {
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: api.title,
  });
  await app.init();
  return app;
}

/** Passes a number of proxies as a function: given a number, Fastify trusts none. Hop 0 is the peer of the connection. */
function trustedProxies(setting: Env['TRUST_PROXY']): FastifyHttpOptions<Server>['trustProxy'] {
  return typeof setting === 'number' ? (_address, hop) => hop < setting : (setting ?? false);
}

function wantedRequestId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && REQUEST_ID.test(header) ? header : undefined;
}

/** Counts each request, and logs one line for it: the route pattern instead of the path, the ids of shop and user, the code of an error. */
function logRequests(
  fastify: FastifyInstance,
  logger: Logger,
  api: HttpApi,
  meter: RequestMeter | undefined,
): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    meter?.answered(request, reply, route);
    logger.info({
      event: 'request',
      requestId: request.id,
      method: request.method,
      route,
      status: reply.statusCode,
      code: (request as FailedRequest).problemCode,
      ms: Math.round(reply.elapsedTime),
      traceId: traceIdOf(request) ?? traceIdIn(request.headers['traceparent']),
      ...api.factsOf(request),
    });
    done();
  });
}
