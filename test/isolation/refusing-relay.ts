import { once } from 'node:events';
import net from 'node:net';

/** A TCP relay to PostgreSQL through which no ROLLBACK arrives, as with a failing pooler. */
export interface RefusingRelay {
  /** For POOLER_URL. */
  url: string;
  /** Number of refused ROLLBACKs. */
  refused(): number;
  close(): Promise<void>;
}

/** Answers every ROLLBACK with an error and the true status that the transaction is open. Relays all else. */
export async function startRefusingRelay(databaseUrl: string): Promise<RefusingRelay> {
  const { hostname, port, pathname } = new URL(databaseUrl);
  let refused = 0;
  const sockets = new Set<net.Socket>();
  const relay = net.createServer((client) => {
    const server = net.connect(Number(port), hostname);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('data', (chunk: Buffer) => {
      if (!chunk.includes('ROLLBACK\0')) return server.write(chunk);
      refused++;
      return client.write(Buffer.concat([errorMessage(), readyForQuery('T')]));
    });
    server.on('data', (chunk) => client.write(chunk));
    server.on('close', () => client.destroy());
    client.on('close', () => server.destroy());
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const { port: own } = relay.address() as net.AddressInfo;
  return {
    url: `postgres://127.0.0.1:${own}${pathname}`,
    refused: () => refused,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => relay.close(resolve));
    },
  };
}

/** PostgreSQL manual, 53.7: ErrorResponse with severity, code and message. */
function errorMessage(): Buffer {
  return message('E', Buffer.from('SERROR\0VERROR\0C57014\0Mthe relay refuses\0\0'));
}

/** @param status `T`: inside a transaction */
function readyForQuery(status: string): Buffer {
  return message('Z', Buffer.from(status));
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
