import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionError, FastifyInstance } from 'fastify';
import type { AppErrorClass } from '../common/app-error';
import { HeadersTooLarge, MalformedRequest, RequestTimeout } from '../common/common.errors';
import { newId } from '../common/ids';
import { isStream } from '../http/bodies';
import { problemOf } from '../http/problem';
import { BARE_HEADERS } from './security-headers';

/** On shutdown, wait this long for a new connection's first byte. */
const FIRST_BYTE_MS = 500;

/** On shutdown, wait this long for another request on a connection whose client was told to keep it. */
const LAST_REQUEST_MS = 500;

/** Errors by Node's error code. */
const REFUSALS: Record<string, AppErrorClass> = {
  HPE_HEADER_OVERFLOW: HeadersTooLarge,
  ERR_HTTP_REQUEST_TIMEOUT: RequestTimeout,
};

/** Writes the error response directly to the socket: input that is not valid HTTP has no route and no reply object. */
export function refuseConnection(error: ConnectionError, socket: Socket): void {
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

/** On shutdown, closes each connection as soon as no request is in flight on it. */
export function endConnectionsOnStop(fastify: FastifyInstance): void {
  closeAfterAnswer(fastify);
  closeUnused(fastify);
}

/**
 * During shutdown, closes each connection after its response, because a kept-alive connection would delay the shutdown. A
 * response whose headers were sent before cannot carry `Connection: close`; its connection is closed once it is idle.
 */
function closeAfterAnswer(fastify: FastifyInstance): void {
  fastify.addHook('preClose', (done) => {
    fastify.server.keepAliveTimeout = LAST_REQUEST_MS;
    done();
  });
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (!fastify.server.listening) void reply.header('connection', 'close');
    done();
  });
}

/**
 * On shutdown, closes connections on which nothing has arrived yet, such as those that browsers open in advance. Node counts
 * them as busy, so the shutdown would wait until the client closes them.
 */
function closeUnused(fastify: FastifyInstance): void {
  const sockets = new Set<Socket>();
  fastify.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  fastify.addHook('preClose', (done) => {
    const destroyUnused = () => {
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    };
    const timer = setInterval(destroyUnused, FIRST_BYTE_MS).unref();
    fastify.server.once('close', () => clearInterval(timer));
    done();
  });
}

/**
 * Disconnects a client that reads nothing from a download for `limitMs`, so that the temporary file's disk space is freed.
 * Later requests on the same connection have no such limit.
 */
export function cutStalledDownloads(fastify: FastifyInstance, limitMs: number): void {
  fastify.addHook('onSend', (request, _reply, payload, done) => {
    if (isStream(payload)) request.raw.socket.setTimeout(limitMs);
    done();
  });
}
