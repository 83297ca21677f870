import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionError, FastifyInstance, FastifyRequest } from 'fastify';
import type { AppErrorClass } from '../common/app-error';
import { HeadersTooLarge, MalformedRequest, RequestTimeout } from '../common/common.errors';
import { newId } from '../common/ids';
import { isStream } from '../http/bodies';
import { unreadAnswers } from '../http/held-memory';
import { problemOf } from '../http/problem';
import { isFixed } from './fixed-answers';
import { BARE_HEADERS } from './security-headers';

/** On shutdown, wait this long for a new connection's first byte. */
const FIRST_BYTE_MS = 500;

/** On shutdown, wait this long for another request on a connection whose client was told to keep it. */
const LAST_REQUEST_MS = 500;

/** Answers below this fit into the buffers of a connection. */
const LARGE_BYTES = 16_384;

/** Memory of a download: its buffers; and those and the window of Brotli, which is most of it (compression.ts). */
const PLAIN_BYTES = 131_072;
const COMPRESSED_BYTES = 1_700_000;

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
 * Closes the connection that has been without a request for longest when one more arrives than there may be. Node's own limit
 * refuses the newcomer, so that silent connections would shut out all others. If each has a request, the newcomer is closed.
 * A request that follows another without waiting for its answer does not count.
 */
export function boundConnections(server: Server, most: number): void {
  const open = new Set<Socket>();
  /** The one without a request for longest first. */
  const idle = new Set<Socket>();
  const forget = (socket: Socket) => {
    open.delete(socket);
    idle.delete(socket);
  };
  server.on('connection', (socket) => {
    if (open.size >= most) {
      const [longest] = idle;
      if (longest === undefined) return void socket.destroy();
      forget(longest);
      longest.destroy();
    }
    open.add(socket);
    idle.add(socket);
    socket.once('close', () => forget(socket));
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    idle.delete(socket);
    response.once('close', () => {
      if (open.has(socket)) idle.add(socket);
    });
  });
}

/**
 * Disconnects a client that reads nothing of its answer for `limitMs`, or that is the slowest when the answers which clients have
 * yet to read take too much memory. A download also frees its temporary file.
 */
export function cutDeafClients(fastify: FastifyInstance, limitMs: number): void {
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const { socket } = request.raw;
    socket.setTimeout(limitMs); // until the answer has left; then Node sets its own for the next request
    const bytes = isStream(payload)
      ? bytesOfDownload(request)
      : Buffer.byteLength((payload ?? '') as string | Buffer);
    const isShared = isFixed(request.routeOptions.url); // with all who read it
    if (bytes >= LARGE_BYTES && !isShared && !socket.destroyed) {
      const hold = unreadAnswers.hold(bytes, () => socket.destroy());
      const release = () => {
        hold.release();
        socket.off('close', release);
      };
      socket.setMaxListeners(0).once('close', release); // an answer behind another has no event if the connection ends
      reply.raw.once('close', release);
    }
    done();
  });
}

/** Memory of a download, which is not compressed while others need much. Call before the answer is compressed. */
function bytesOfDownload({ headers }: FastifyRequest): number {
  if (unreadAnswers.isHalfFull()) headers['x-no-compression'] = '1'; // read by @fastify/compress
  const isPlain = headers['accept-encoding'] === undefined || headers['x-no-compression'] !== undefined;
  return isPlain ? PLAIN_BYTES : COMPRESSED_BYTES;
}
