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

/** By the code that Node gives. */
const REFUSALS: Record<string, AppErrorClass> = {
  HPE_HEADER_OVERFLOW: HeadersTooLarge,
  ERR_HTTP_REQUEST_TIMEOUT: RequestTimeout,
};

/** What is no HTTP request at all has no route and no reply object: the answer goes straight to the socket. */
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

/** On shutdown, ends connections as soon as nothing is in flight on them. */
export function endConnectionsOnStop(fastify: FastifyInstance): void {
  closeAfterAnswer(fastify);
  closeUnused(fastify);
}

/** While the server stops, an answer ends its connection too; kept alive it would hold up the stop. */
function closeAfterAnswer(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (!fastify.server.listening) void reply.header('connection', 'close');
    done();
  });
}

/**
 * Connections over which nothing has come yet, such as browsers open ahead: Node takes them for busy, and a stop would wait
 * until their client closes them.
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
 * A client that takes nothing of a file for so long is cut off, and so frees the disk; Node ends the connection. What is
 * asked next over it has no such limit.
 */
export function cutStalledDownloads(fastify: FastifyInstance, limitMs: number): void {
  fastify.addHook('onSend', (request, _reply, payload, done) => {
    if (isStream(payload)) request.raw.socket.setTimeout(limitMs);
    done();
  });
}
