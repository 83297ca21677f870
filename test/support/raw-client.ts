import { once } from 'node:events';
import net from 'node:net';
import { untilTrue } from './until';

/** One connection, over which a test sends what no HTTP client would. */
export class RawClient {
  private received = '';
  private isClosed = false;

  private constructor(private readonly socket: net.Socket) {
    socket.on('data', (chunk) => (this.received += chunk.toString('latin1')));
    socket.on('error', () => undefined); // a reset also ends the connection
    socket.once('close', () => (this.isClosed = true));
  }

  /** @param url of the server; its path is ignored */
  static async connect(url: string): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    const socket = net.connect(Number(port), hostname);
    const client = new RawClient(socket);
    await once(socket, 'connect');
    return client;
  }

  send(data: string | Buffer): this {
    this.socket.write(data);
    return this;
  }

  /** Leaves everything that the server sends unread, until `listen`. */
  deafen(): this {
    this.socket.pause();
    return this;
  }

  listen(): this {
    this.socket.resume();
    return this;
  }

  /** Everything received so far. */
  answer(): string {
    return this.received;
  }

  /** Statuses of all answers, `100` included, each with the code of its error if it has one. */
  outcomes(): string[] {
    return this.received
      .split(/(?=HTTP\/1\.1 \d{3} )/)
      .filter((answer) => answer !== '')
      .map((answer) => {
        const code = /"code":"(\w+)"/.exec(answer)?.[1];
        return answer.slice(9, 12) + (code === undefined ? '' : ` ${code}`);
      });
  }

  async answered(count = 1): Promise<string[]> {
    await untilTrue(() => this.outcomes().length >= count && this.isWhole());
    return this.outcomes();
  }

  isOpen(): boolean {
    return !this.isClosed;
  }

  closed(): Promise<void> {
    return untilTrue(() => this.isClosed);
  }

  end(): void {
    this.socket.destroy();
  }

  /** The last answer has arrived with its body. */
  private isWhole(): boolean {
    const [head = '', body] = this.received
      .slice(this.received.lastIndexOf('HTTP/1.1 '))
      .split('\r\n\r\n', 2);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    return body !== undefined && body.length >= length;
  }
}

/** The head of a request. */
export function headOf(line: string, headers: Record<string, string | number> = {}): string {
  const lines = Object.entries({ host: 'shop', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n`;
}
