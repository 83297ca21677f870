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

/** Errors by Node's error code. */
const REFUSALS: Record<string, AppErrorClass> = {
  HPE_HEADER_OVERFLOW: HeadersTooLarge,
  ERR_HTTP_REQUEST_TIMEOUT: RequestTimeout,
};

/** Answers on the socket itself: input that is not a complete HTTP request has no route and no reply object. */
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
 * During shutdown, closes the connection after each answer; kept alive, it would delay the shutdown. An answer whose
 * headers left before the shutdown cannot announce that; its connection is closed as soon as it is idle.
 */
function closeAfterAnswer(fastify: FastifyInstance): void {
  fastify.addHook('preClose', (done) => {
    fastify.server.keepAliveTimeout = 1; // 0 would keep it open forever
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
 * Closes the connection of a client that reads nothing of a file for `limitMs`, which frees the disk space. Later requests
 * on the same connection have no such limit.
 */
export function cutStalledDownloads(fastify: FastifyInstance, limitMs: number): void {
  fastify.addHook('onSend', (request, _reply, payload, done) => {
    if (isStream(payload)) request.raw.socket.setTimeout(limitMs);
    done();
  });
}
