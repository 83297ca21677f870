import autocannon from 'autocannon';
import { shuffled } from '../../src/common/shuffled';
import { quantile } from './rounds';

/** Tokens that one connection uses in turn: preparing more requests would cost this process more than sending them. */
const SAMPLE = 1000;

export interface Load {
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
}

export interface LoadSettings {
  /** Without a path. */
  url: string;
  path: string;
  /** Each connection uses these in a random order of its own. */
  tokens: readonly string[];
  connections: number;
  seconds: number;
}

/** Sends requests to a server on this machine as fast as the connections can. @throws Error if an answer is not 200 */
export function loadOf({ url, path, tokens, connections, seconds }: LoadSettings): Promise<Load> {
  return new Promise((resolve, reject) => {
    const times: number[] = [];
    const refused = new Set<number>();
    const running = autocannon(
      {
        url,
        connections,
        duration: seconds,
        setupClient: (client) =>
          client.setRequests(
            shuffled(tokens)
              .slice(0, SAMPLE)
              .map((token) => ({ path, headers: { authorization: `Bearer ${token}` } })),
          ),
      },
      (error: Error | null, { errors, duration }) => {
        if (error) reject(error);
        else if (errors > 0 || refused.size > 0)
          reject(new Error(`${errors} errors, answers with ${[...refused].join(', ')}`));
        else
          resolve({
            perSecond: times.length / duration,
            p50: quantile(times, 0.5),
            p99: quantile(times, 0.99),
          });
      },
    );
    running.on('response', (_client, status, _bytes, ms) => {
      if (status !== 200) refused.add(status);
      times.push(ms);
    });
  });
}
