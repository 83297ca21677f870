import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import { DatabaseUnavailable } from '../common/common.errors';
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

/** Connection pool of one login. */
export interface Connections {
  /**
   * @param shopId shop that the connection is for; empty on the public side
   * @throws DatabaseUnavailable when no connection can be obtained
   */
  borrow(shopId: string): Promise<BorrowedClient>;
  /** @param isClean whether the connection is outside any transaction; otherwise it is destroyed */
  giveBack(client: BorrowedClient, isClean: boolean): void;
  load(): PoolLoad;
  /** Closes connections that the data source does not close. */
  close(): Promise<void>;
}

/** TypeORM's own pool. */
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
