import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import { DatabaseUnavailable } from '../common/common.errors';
import type { BorrowedClient, EnginePool } from './borrowed-client';

/** What a pool of connections is doing. */
export interface PoolLoad {
  /** Connections that are open. */
  total: number;
  /** Of these, not lent. */
  idle: number;
  /** Requests that wait for one. */
  waiting: number;
  /** Most tenants that one open connection has served; absent where there are none. */
  tenants?: number;
  /** Connections that were replaced because they had served too many. */
  retired?: number;
}

const RETRY_SECONDS = 2;

/** What is said of a connection that cannot be had, whatever the reason. */
export function noConnection(cause: unknown): Error {
  return new DatabaseUnavailable({ retryAfter: RETRY_SECONDS, cause });
}

/** Lends the connections of one login. */
export interface Connections {
  /**
   * @param shopId for whom; empty on the public side
   * @throws DatabaseUnavailable when no connection can be had
   */
  borrow(shopId: string): Promise<BorrowedClient>;
  /** @param isClean whether it is outside any transaction; otherwise it is destroyed */
  giveBack(client: BorrowedClient, isClean: boolean): void;
  load(): PoolLoad;
  /** Closes what the data source does not. */
  close(): Promise<void>;
}

/** Those that TypeORM has opened. */
export class PooledConnections implements Connections {
  constructor(private readonly dataSource: DataSource) {}

  async borrow(): Promise<BorrowedClient> {
    try {
      return await this.pool.connect();
    } catch (error) {
      throw noConnection(error);
    }
  }

  giveBack(client: BorrowedClient, isClean: boolean): void {
    client.release(!isClean);
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
