import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between a program and its database, and can go silent: connections stay open, and nothing passes. */
export class FreezingProxy {
  private readonly sockets = new Set<Socket>();
  private readonly held: { to: Socket; chunk: Buffer }[] = []; // while frozen
  private isFrozen = false;
  private readonly server = createServer((socket) => this.join(socket));

  private constructor(private readonly target: URL) {}

  /** @param url of the database */
  static async before(url: string): Promise<FreezingProxy> {
    const proxy = new FreezingProxy(new URL(url));
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  /** The database's own, by way of here. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  freeze(): void {
    this.isFrozen = true;
  }

  /** Passes on what was held, in its order. */
  thaw(): void {
    this.isFrozen = false;
    for (const { to, chunk } of this.held.splice(0)) to.write(chunk);
  }

  /** Tells whether anything held has the text in it, such as the parameter of a query. */
  holds(text: string): boolean {
    return this.held.some(({ chunk }) => chunk.includes(text));
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(program: Socket): void {
    const database = connect(Number(this.target.port), this.target.hostname);
    for (const [from, to] of [
      [program, database],
      [database, program],
    ] as const) {
      this.sockets.add(from);
      from.on('data', (chunk) => {
        if (this.isFrozen) this.held.push({ to, chunk });
        else to.write(chunk);
      });
      from.on('error', () => undefined); // `close` follows
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }
}
