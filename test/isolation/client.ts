import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Sent {
  method: string;
  /** Path and query. */
  path: string;
  token?: string;
  body?: string;
  headers?: Record<string, string>;
}

export interface Reply {
  status: number;
  text: string;
}

const MAX_SOCKETS = 128;

/** A light HTTP client with keep-alive connections, so that the server is the bottleneck and not the client. */
export class Client {
  private readonly agent = new http.Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });
  private readonly host: string;
  private readonly port: string;

  constructor(url: string) {
    ({ hostname: this.host, port: this.port } = new URL(url));
  }

  send(sent: Sent): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const request = this.open(sent, reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
      });
      request.end(sent.body);
    });
  }

  /**
   * Sends a request and disconnects after `afterMs`.
   * @param whole false: only half of the body is sent, if there is one
   */
  async abort(sent: Sent, afterMs: number, whole: boolean): Promise<void> {
    const request = this.open(sent, () => undefined);
    request.on('response', (response) => response.resume().on('error', () => undefined));
    const { body } = sent;
    if (whole || body === undefined) request.end(body);
    else request.write(body.slice(0, body.length / 2));
    await sleep(afterMs);
    request.destroy();
  }

  close(): void {
    this.agent.destroy();
  }

  private open({ method, path, token, body, headers }: Sent, fail: (error: Error) => void) {
    const request = http.request({
      host: this.host,
      port: this.port,
      method,
      path,
      agent: this.agent,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    });
    return request.on('error', fail);
  }
}
