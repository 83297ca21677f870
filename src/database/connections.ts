import type { Socket } from 'node:net';
import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import { DatabaseUnavailable, Overloaded } from '../common/common.errors';
import type { BorrowedClient, EnginePool } from './engine-client';

/** State of a connection pool. */
export interface PoolLoad {
  /** Open connections. */
  total: number;
  /** Open connections that are not in use. */
  idle: number;
  /** Requests that wait for a connection. */
  waiting: number;
  /** Maximum number of tenants that one open connection has served; absent on the public side. */
  tenants?: number;
  /** Connections that were replaced because they had served too many tenants. */
  retired?: number;
}

const RETRY_SECONDS = 2;

/** Error for a connection that could not be obtained, whatever the reason. */
export function noConnection(cause: unknown): Error {
  return new DatabaseUnavailable({ retryAfter: RETRY_SECONDS, cause });
}

/** Requests that may wait for each connection of a pool; the next is refused. At 5 ms each, the last waits for half a second. */
const WAITING_PER_CONNECTION = 100;

/** Error for a request beyond those that may wait. */
export function tooManyWait(): Error {
  return new Overloaded({ retryAfter: RETRY_SECONDS });
}

/** Number of requests that may wait for a pool. */
export function roomOf(connections: number): number {
  return connections * WAITING_PER_CONNECTION;
}

/** Part of a pool that a shop may use. Null: no limit of its own. */
export interface Share {
  readonly transactionsAtOnce: number | null;
  /** Number of requests that wait for one of those. */
  readonly transactionsWaiting: number | null;
}

/** Connection of the client that a transaction is for. */
export type ClientSocket = Pick<Socket, 'destroyed' | 'once' | 'off' | 'setMaxListeners'>;

/** Connection pool of one login. */
export interface Connections {
  /**
   * @param shopId shop that the connection is for; empty on the public side
   * @param socket of the client; the wait ends when it is closed
   * @throws DatabaseUnavailable when no connection can be obtained; Overloaded when too many wait; TooManyRequests when too
   *   many of the shop do; ClientGone
   */
  borrow(shopId: string, share?: Share, socket?: ClientSocket): Promise<BorrowedClient>;
  /**
   * @param isClean whether the connection is outside any transaction; otherwise it is destroyed
   * @param isDone false after an error: most of the time of the transaction may have been a wait
   */
  giveBack(client: BorrowedClient, isClean: boolean, isDone?: boolean): void;
  /**
   * Refuses what `borrow` would refuse at once.
   * @throws Overloaded, TooManyRequests
   */
  requireRoom(shopId: string, share?: Share): void;
  load(): PoolLoad;
  /** Closes connections that the data source does not close. */
  close(): Promise<void>;
}

/** TypeORM's own pool. */
export class PooledConnections implements Connections {
  constructor(private readonly dataSource: DataSource) {}

  async borrow(): Promise<BorrowedClient> {
    this.requireRoom();
    try {
      return await this.pool.connect();
    } catch (error) {
      throw noConnection(error);
    }
  }

  giveBack(client: BorrowedClient, isClean: boolean): void {
    client.release(!isClean);
  }

  requireRoom(): void {
    const { waitingCount, options } = this.pool;
    if (waitingCount >= roomOf(options.max)) throw tooManyWait();
  }

  load(): PoolLoad {
    const { totalCount, idleCount, waitingCount } = this.pool;
    return { total: totalCount, idle: idleCount, waiting: waitingCount };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private get pool(): EnginePool {
    return (this.dataSource.driver as PostgresDriver).master as EnginePool;
  }
}
