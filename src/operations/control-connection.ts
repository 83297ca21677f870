import type { QueryResult, QueryResultRow } from 'pg';
import { adminOf, type Installation } from '../database/installation';
import { Backoff } from './backoff';
import { faultOf, isDisconnected } from './faults';
import { ReconnectingClient } from './reconnecting-client';

/** Connection for a run's own queries, apart from the tenants'. Waits while the server is in trouble. */
export class ControlConnection {
  constructor(
    private readonly client: ReconnectingClient,
    private readonly backoff: Backoff,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Sends one statement, which must be safe to send twice: after a broken connection nobody knows whether it ran.
   * @throws the server's error; one that means trouble only after the backoff's limit, or when the run is stopped
   */
  query<R extends QueryResultRow>(sql: string, values: unknown[]): Promise<QueryResult<R>> {
    return this.retry(async () => (await this.client.client()).query<R>(sql, values));
  }

  /** Runs any work that is safe to repeat, in the same way. */
  async retry<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.backoff.wait(this.signal);
      try {
        return await work();
      } catch (error) {
        if (faultOf(error) !== 'server' || this.signal.aborted) throw error;
        this.backoff.report(error);
        if (isDisconnected(error)) await this.client.reset();
      }
    }
  }

  close(): Promise<void> {
    return this.client.reset();
  }
}

/** A control connection for a command that somebody waits for: it fails at once when the server is in trouble. */
export function impatientConnection(installation: Installation, name: string): ControlConnection {
  return new ControlConnection(
    new ReconnectingClient(adminOf(installation).url, name),
    new Backoff(0, () => undefined),
    new AbortController().signal,
  );
}
