import type { QueryResult } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner';
import { DatabaseUnavailable } from '../common/common.errors';
import type { BorrowedClient, EnginePool } from './borrowed-client';

/** Connections open and idle, and requests that wait for one. */
export interface PoolLoad {
  total: number;
  idle: number;
  waiting: number;
}

const RETRY_SECONDS = 2;

/**
 * Thrown when COMMIT was answered with ROLLBACK: a statement had failed, and the work that sent it went on as
 * if nothing had happened. Nothing was stored. A statement that may fail belongs in `manager.transaction`
 * (a savepoint).
 */
export class TransactionAborted extends Error {
  constructor() {
    super('a statement failed inside the transaction and its error was swallowed; nothing was stored');
  }
}

/** What is thrown by a connection that somebody kept after the work. */
export class LoanEnded extends Error {
  constructor() {
    super('the transaction has ended, and its connection with it');
  }
}

/** The connection as the work sees it, until it ends: whoever kept it would otherwise query inside the next shop. */
class Loan {
  private isOver = false;

  constructor(private readonly client: BorrowedClient) {}

  query(...args: Parameters<BorrowedClient['query']>): unknown {
    if (this.isOver) return Promise.reject(new LoanEnded());
    return this.client.query(...args);
  }

  end(): void {
    this.isOver = true;
  }
}

/** TypeORM's view of a connection that somebody else borrowed, inside a transaction that is already open. */
class BorrowedQueryRunner extends PostgresQueryRunner {
  private readonly loan: Loan;

  constructor(driver: PostgresDriver, client: BorrowedClient) {
    super(driver, 'master');
    this.loan = new Loan(client);
    this.databaseConnection = this.loan;
    this.isTransactionActive = true; // so that `manager.transaction` makes a savepoint
    this.transactionDepth = 1;
    (this as { manager: EntityManager }).manager = driver.dataSource.createEntityManager(this);
  }

  /** Ends the use of the runner, not of the connection: whoever kept the manager gets an error from now on. */
  override release(): Promise<void> {
    this.isReleased = true;
    this.loan.end();
    return Promise.resolve();
  }
}

/**
 * Runs work in one transaction on one pooled connection. The single place where connections are borrowed and
 * given back, for the public and for the tenant side.
 */
export class Transactions {
  private readonly driver: PostgresDriver;

  constructor(private readonly dataSource: DataSource) {
    this.driver = dataSource.driver as PostgresDriver;
  }

  /**
   * @param opening statements from BEGIN on, one message, built from quoted identifiers only
   * @param work gets a manager that is valid until it returns; what it throws rolls everything back
   * @throws what `work` throws; the opening's own error when that failed first; DatabaseUnavailable when no
   *   connection can be had; TransactionAborted
   */
  async run<T>(opening: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const client = await this.borrow();
    const runner = new BorrowedQueryRunner(this.driver, client);
    try {
      return await this.inside(client, opening, () => work(runner.manager));
    } finally {
      await runner.release();
      giveBack(client);
    }
  }

  load(): PoolLoad {
    const pool = this.driver.master as EnginePool;
    return { total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount };
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
  }

  private async borrow(): Promise<BorrowedClient> {
    try {
      return await (this.driver.master as EnginePool).connect();
    } catch (error) {
      throw new DatabaseUnavailable({ retryAfter: RETRY_SECONDS, cause: error }); // whatever the reason
    }
  }

  private async inside<T>(client: BorrowedClient, opening: string, work: () => Promise<T>): Promise<T> {
    // Not awaited: the first query travels behind it in the same round trip. When it fails, the transaction
    // is in the failed state and every query behind it fails with 25P02; the opening's error is the cause.
    const opened = client.open(opening).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    try {
      const result = await work();
      const failed = await opened;
      if (failed !== undefined) throw failed.error;
      if (!isCommitted(await client.open('COMMIT'))) throw new TransactionAborted();
      return result;
    } catch (error) {
      // A ROLLBACK that fails leaves the connection not idle, and `giveBack` destroys it.
      await client.open('ROLLBACK').catch(() => undefined);
      throw (await opened)?.error ?? error;
    }
  }
}

/** PostgreSQL answers COMMIT of a failed transaction with ROLLBACK. */
function isCommitted(answer: QueryResult | QueryResult[]): boolean {
  return !Array.isArray(answer) && answer.command === 'COMMIT';
}

/**
 * Returns a connection to the pool only if PostgreSQL says it is outside any transaction. Otherwise it would
 * hand the next user this one's role and path (measured with pg-pool and TypeORM), so it is destroyed.
 */
function giveBack(client: BorrowedClient): void {
  client.release(client.getTransactionStatus() !== 'I');
}
