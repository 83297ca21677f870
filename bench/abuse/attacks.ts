import { setMaxListeners } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

export interface Target {
  url: string;
  /** Access token of the attacker's own shop. */
  token: string;
}

/** One of the clients of an attack, from its connection to the end of it. It begins anew until the attack ends. */
type Client = (socket: Socket, target: Target) => void;

export interface Attack {
  name: string;
  /** In words, for the table. */
  what: string;
  clients: number;
  client: (number: number) => Client;
  /** Least time between two connections of a client. */
  everyMs: number;
}

const MB = 1_000_000;
const GIB = 1024 ** 3;
const LARGE_BODY = 50 * MB;
const CHUNK = Buffer.alloc(65_536, ' ');
/** Zeros of a gigabyte, compressed; made before an attack begins. */
let bomb = Buffer.alloc(0);

function head(line: string, { token }: Target, headers: Record<string, string | number> = {}): string {
  const all = { host: 'shop', authorization: `Bearer ${token}`, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

const json = { 'content-type': 'application/json' };

/** Sends a byte a second for as long as the connection lasts. */
function trickle(socket: Socket, text: string): void {
  let sent = 0;
  const timer = setInterval(() => socket.write(text[sent++ % text.length]!), 1000); // never empty
  socket.once('close', () => clearInterval(timer));
}

/** Sends that many bytes as fast as the server takes them. @param framed sends each part as a chunk */
function pour(socket: Socket, bytes: number, framed: boolean): void {
  let left = bytes;
  const part = framed ? Buffer.concat([Buffer.from('10000\r\n'), CHUNK, Buffer.from('\r\n')]) : CHUNK;
  const more = () => {
    while (left > 0 && !socket.destroyed) {
      left -= CHUNK.length;
      if (!socket.write(part)) return;
    }
    if (framed && !socket.destroyed) socket.write('0\r\n\r\n');
    socket.off('drain', more);
  };
  socket.on('drain', more);
  more();
}

/** Attacks at the sizes of the bar; each client is one connection. */
export const ATTACKS: Attack[] = [
  {
    ...{ name: 'half-open', what: '500 connections without a whole request', clients: 500, everyMs: 100 },
    client: (number) => (socket, target) => {
      if (number % 3 === 0) return; // sends nothing
      if (number % 3 === 1) trickle(socket, head('GET /api/v1/products', target));
      else socket.write(head('GET /health/live', target)); // and is idle
    },
  },
  {
    ...{ name: 'slow-json', what: '200 bodies of 1 MB that stop before the end', clients: 200, everyMs: 100 },
    client: () => (socket, target) => {
      socket.write(head('POST /api/v1/auth/login', target, { ...json, 'content-length': 1_000_000 }));
      socket.write(`{"email":"${'a'.repeat(950_000)}`);
      trickle(socket, 'a');
    },
  },
  {
    ...{ name: 'slow-files', what: '200 uploads of a byte a second', clients: 200, everyMs: 1000 },
    client: () => (socket, target) => {
      const headers = { 'content-type': 'text/csv', 'content-length': MB };
      socket.write(head('POST /api/v1/products/import', target, headers));
      trickle(socket, 'Handle,Title\n');
    },
  },
  {
    ...{ name: 'large', what: 'bodies of 50 MB, 2.5 a second', clients: 10, everyMs: 4000 },
    client: (number) => (socket, target) => {
      const isFramed = number % 2 === 1;
      const size: Record<string, string | number> = isFramed
        ? { 'transfer-encoding': 'chunked' }
        : { 'content-length': LARGE_BODY };
      socket.write(head('POST /api/v1/products', target, { ...json, ...size }));
      pour(socket, LARGE_BODY, isFramed);
    },
  },
  {
    ...{ name: 'bombs', what: 'gzip bombs of 1 GB, 50 a second', clients: 50, everyMs: 1000 },
    client: (number) => (socket, target) => {
      const path = number % 2 === 0 ? 'products' : 'products/import';
      const type = number % 2 === 0 ? json : { 'content-type': 'text/csv' };
      const headers = { ...type, 'content-encoding': 'gzip', 'content-length': bomb.length };
      socket.write(head(`POST /api/v1/${path}`, target, headers));
      socket.write(bomb);
    },
  },
  {
    ...{ name: 'deaf', what: '200 clients that do not read large answers', clients: 200, everyMs: 4000 },
    client: (number) => (socket, target) => {
      const paths = ['/openapi.json', '/docs/swagger-ui-bundle.js'];
      const encoding = number % 4 < 2 ? 'identity' : 'br';
      socket.pause();
      socket.write(head(`GET ${paths[number % 2]!}`, target, { 'accept-encoding': encoding })); // there are two
    },
  },
  {
    ...{ name: 'pipelines', what: '1,000 pipelined requests a second', clients: 20, everyMs: 1000 },
    client: () => (socket, target) => {
      socket.write(head('GET /api/v1/none', target).repeat(50));
    },
  },
  {
    ...{
      name: 'heads',
      what: '100,000 headers, long URLs, many fields, 50 a second',
      clients: 50,
      everyMs: 1000,
    },
    client: (number) => (socket, target) => {
      if (number % 3 === 0) socket.write(`GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(100_000)}\r\n`);
      else if (number % 3 === 1) socket.write(head(`GET /${'a'.repeat(200_000)}`, target));
      else socket.write(head(`GET /api/v1/products?${manyFields()}`, target));
    },
  },
];

function manyFields(): string {
  return Array.from({ length: 2000 }, (_, i) => `f${i}`).join('&');
}

/** Runs the clients until the signal. @param seen is told each end: a status, or how the connection ended */
export async function run(
  attack: Attack,
  target: Target,
  signal: AbortSignal,
  seen: (end: string) => void,
): Promise<void> {
  setMaxListeners(attack.clients, signal);
  if (attack.name === 'bombs') bomb = gzipSync(Buffer.alloc(GIB));
  const one = async (number: number) => {
    while (!signal.aborted) {
      const started = performance.now();
      for (const end of await lifeOf(attack.client(number), target, signal)) seen(end);
      await sleep(Math.max(0, attack.everyMs - (performance.now() - started)));
    }
  };
  await Promise.all(Array.from({ length: attack.clients }, (_, number) => one(number)));
}

/** Connects a client and waits for its end. @returns the statuses of the answers, and how it ended */
function lifeOf(client: Client, target: Target, signal: AbortSignal): Promise<string[]> {
  const { hostname, port } = new URL(target.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    const ends: string[] = [];
    const stop = () => socket.destroy();
    signal.addEventListener('abort', stop);
    socket.on('data', (chunk) => {
      for (const [, status] of chunk.toString('latin1').matchAll(/HTTP\/1\.1 (\d{3}) /g)) ends.push(status!); // the group is not optional
    });
    socket.once('connect', () => client(socket, target));
    socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? error.message));
    socket.once('close', () => {
      signal.removeEventListener('abort', stop);
      resolve(signal.aborted ? ends : [...ends, 'closed']);
    });
  });
}
