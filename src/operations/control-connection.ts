import type { QueryResult, QueryResultRow } from 'pg';
import { faultOf, isDisconnected } from './faults';
import type { Lane } from './reconnecting-client';
import type { Pause } from './backoff';

/** Queries of a run's own, on a connection of their own. A server in trouble is waited for. */
export class Control {
  constructor(
    private readonly lane: Lane,
    private readonly pause: Pause,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * One statement that may be sent twice: when the connection breaks, nobody knows whether it was heard.
   * @throws the server's error; when it is in trouble, only after the pause has lasted too long, or the run was
   *   told to stop
   */
  query<R extends QueryResultRow>(sql: string, values: unknown[]): Promise<QueryResult<R>> {
    return this.steady(async () => (await this.lane.client()).query<R>(sql, values));
  }

  /** The same for any work that may be done twice. */
  async steady<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.pause.wait(this.signal);
      try {
        return await work();
      } catch (error) {
        if (faultOf(error) !== 'server' || this.signal.aborted) throw error;
        this.pause.report(error);
        if (isDisconnected(error)) await this.lane.reset();
      }
    }
  }
}
