import { isUtf8 } from 'node:buffer';
import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { ConnectionError, FastifyInstance, FastifyRequest, FastifyHttpOptions } from 'fastify';
import { AppModule } from './app.module';
import type { AppErrorClass } from '../common/app-error';
import {
  HeadersTooLarge,
  MalformedBody,
  MalformedRequest,
  MalformedUrl,
  RequestTimeout,
  UnsupportedMediaType,
  UriTooLong,
} from '../common/common.errors';
import { newId } from '../common/ids';
import { type Logger, NestLogger } from '../common/logger';
import { problemOf } from '../http/problem';
import { ProblemFilter } from '../http/problem.filter';
import { assertSafeInput } from '../http/safe-input';
import { createValidationPipe } from '../http/validation';
import type { Env } from '../config/env';
import type { Base } from '../database/database.module';
import { createOpenApi } from './openapi';
import { BARE_HEADERS, protectAnswers } from './security-headers';
import type { TenantRequest } from '../tenancy/tenant';

const JSON_LIMIT_BYTES = 1_048_576;
/** How long headers may take to arrive, and how often Node looks for requests that are late. */
const HEADERS_MS = 60_000;
const CHECK_MS = 5_000;
/** What was sent over a new connection is on its way for no longer; so long a stop waits for it. */
const FIRST_BYTE_MS = 500;
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
  closeConnectionsOnStop(fastify);
  closeUnusedOnStop(fastify);
  breakStalledDownloads(fastify, arrival);
  SwaggerModule.setup('docs', app, () => createOpenApi(app), {
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Stoa API',
  });
  await app.init();
  return app;
}

/** By the code that Node gives. */
const REFUSALS: Record<string, AppErrorClass> = {
  HPE_HEADER_OVERFLOW: HeadersTooLarge,
  ERR_HTTP_REQUEST_TIMEOUT: RequestTimeout,
};

/** What is no HTTP request at all has no route and no reply object: the answer goes straight to the socket. */
function refuseConnection(error: ConnectionError, socket: Socket): void {
  if (!socket.writable) return void socket.destroy();
  const refusal = new (REFUSALS[error.code] ?? MalformedRequest)();
  const id = newId();
  const body = JSON.stringify(problemOf(refusal, id));
  const head = [
    `HTTP/1.1 ${refusal.kind.status} ${STATUS_CODES[refusal.kind.status]}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${id}`,
    ...Object.entries(BARE_HEADERS).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Fastify trusts nobody when it is given a number, so a count is spelled out; hop 0 is who connects to us. */
function trustedProxies(setting: Env['TRUST_PROXY']): FastifyHttpOptions<Server>['trustProxy'] {
  return typeof setting === 'number' ? (_address, hop) => hop < setting : (setting ?? false);
}

function wantedRequestId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && REQUEST_ID.test(header) ? header : undefined;
}

/** JSON is parsed; files are handed on as the stream they are; anything else is 415. */
function acceptBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined); // a POST without fields, such as orders/:id/pay
    if (!isUtf8(body as Buffer)) return done(new MalformedBody({ detail: 'The body is not UTF-8.' }));
    return parseJson(request, body.toString(), done);
  });
  for (const type of ['text/csv', 'multipart/form-data'])
    fastify.addContentTypeParser(type, { bodyLimit: Number.MAX_SAFE_INTEGER }, (_request, stream, done) =>
      done(null, stream),
    );
}

/** Compressed bodies and other alphabets are refused; they would be read as what they are not. */
function assertPlain({ headers }: FastifyRequest): void {
  const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) throw new UnsupportedMediaType();
  if (!/^(identity)?$/i.test(headers['content-encoding'] ?? '')) throw new UnsupportedMediaType();
}

function checkInput(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    assertPlain(request);
    done();
  });
  fastify.addHook('preValidation', (request, _reply, done) => {
    const { body, params, query } = request;
    const takesFile = (request.routeOptions.config as { takesFile?: boolean }).takesFile === true;
    if (isStream(body) !== takesFile && (isStream(body) || body !== undefined))
      throw new UnsupportedMediaType();
    if (!takesFile) assertSafeBody(body);
    assertSafeInput(params, 'path');
    assertSafeInput(query, 'query');
    done();
  });
}

function assertSafeBody(body: unknown): void {
  if (body === undefined) return;
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new MalformedBody({ detail: 'The body must be a JSON object.' });
  assertSafeInput(body, 'body');
}

function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'pipe' in body && typeof body.pipe === 'function';
}

/** While the server stops, an answer ends its connection too; kept alive it would hold up the stop. */
function closeConnectionsOnStop(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (!fastify.server.listening) void reply.header('connection', 'close');
    done();
  });
}

/**
 * Connections over which nothing has come yet, such as browsers open ahead: Node takes them for busy, and a stop would wait
 * until their client closes them.
 */
function closeUnusedOnStop(fastify: FastifyInstance): void {
  const sockets = new Set<Socket>();
  fastify.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  fastify.addHook('preClose', (done) => {
    const closeUnused = () => {
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    };
    const timer = setInterval(closeUnused, FIRST_BYTE_MS).unref();
    fastify.server.once('close', () => clearInterval(timer));
    done();
  });
}

/**
 * A client that takes nothing of a file for so long is cut off, and so frees the disk; Node ends the connection. What is
 * asked next over it has no such limit.
 */
function breakStalledDownloads(fastify: FastifyInstance, limitMs: number): void {
  fastify.addHook('onSend', (request, _reply, payload, done) => {
    if (isStream(payload)) request.raw.socket.setTimeout(limitMs);
    done();
  });
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
