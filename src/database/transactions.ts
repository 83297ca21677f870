import type { QueryResult } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner';
import type { BorrowedClient } from './borrowed-client';
import type { Connections, PoolLoad } from './connections';

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

/** Thrown for the second statement of work that was to send one. */
export class OneStatementOnly extends Error {
  constructor() {
    super('this transaction takes one statement: it is committed in the same round trip');
  }
}

/**
 * The connection as the work sees it, until it ends: whoever kept it would otherwise query inside the next shop. The
 * first statement takes the opening with it, and COMMIT too if it is to be the only one.
 */
class Loan {
  private isOver = false;
  private opened: Promise<Answer> | undefined;
  /** Of work with one statement: the answer to COMMIT, once it is on its way. */
  committing: Promise<Answer> | undefined;

  constructor(
    private readonly client: BorrowedClient,
    private readonly opening: string,
    private readonly isSingle: boolean,
  ) {}

  query(...args: Parameters<BorrowedClient['query']>): unknown {
    if (this.isOver) return Promise.reject(new LoanEnded());
    if (this.committing !== undefined) return Promise.reject(new OneStatementOnly());
    if (this.opened !== undefined) return this.client.query(...args);
    return this.client.together(() => {
      // Not awaited: all travel in one round trip. When the opening fails, the transaction is in the failed state and
      // every query behind it fails with 25P02; the opening's error is the cause.
      void this.open();
      const answer: unknown = this.client.query(...args);
      if (this.isSingle) this.committing = answered(this.client.open('COMMIT'));
      return answer;
    });
  }

  /** @returns the answer to the opening, which is sent if it was not yet */
  open(): Promise<Answer> {
    return (this.opened ??= answered(this.client.open(this.opening)));
  }

  end(): void {
    this.isOver = true;
  }
}

/** TypeORM's view of a connection that somebody else borrowed, inside a transaction that is already open. */
class BorrowedQueryRunner extends PostgresQueryRunner {
  constructor(
    driver: PostgresDriver,
    private readonly loan: Loan,
  ) {
    super(driver, 'master');
    this.databaseConnection = loan;
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

/** What a transaction is for. */
export interface Purpose {
  /** Whose it is; empty on the public side. */
  shopId?: string;
  /** The work sends one statement: COMMIT travels behind it, in the same round trip. */
  isSingle?: boolean;
}

/**
 * Runs work in one transaction on one pooled connection. The single place where connections are borrowed and
 * given back, for the public and for the tenant side.
 */
export class Transactions {
  private readonly driver: PostgresDriver;

  constructor(
    private readonly dataSource: DataSource,
    private readonly connections: Connections,
  ) {
    this.driver = dataSource.driver as PostgresDriver;
  }

  /**
   * @param opening statements from BEGIN on, one message, built from quoted identifiers only
   * @param work gets a manager that is valid until it returns; what it throws rolls everything back
   * @throws what `work` throws; the opening's own error when that failed first; DatabaseUnavailable when no
   *   connection can be had; TransactionAborted; OneStatementOnly
   */
  async run<T>(
    opening: string,
    work: (manager: EntityManager) => Promise<T>,
    { shopId = '', isSingle = false }: Purpose = {},
  ): Promise<T> {
    const client = await this.connections.borrow(shopId);
    const loan = new Loan(client, opening, isSingle);
    const runner = new BorrowedQueryRunner(this.driver, loan);
    try {
      return await inside(client, loan, () => work(runner.manager));
    } finally {
      await runner.release();
      // Otherwise it would hand the next user this one's role and path (measured with pg-pool and TypeORM).
      this.connections.giveBack(client, client.getTransactionStatus() === 'I');
    }
  }

  /**
   * One statement outside any transaction, so with the rights and the path of the login. Public side only.
   * @throws the statement's own error; DatabaseUnavailable when no connection can be had
   */
  async read<T extends object>(sql: string, values: unknown[]): Promise<T[]> {
    const client = await this.connections.borrow('');
    let isClean = false; // an error may be the server's last word on this connection, a moment before it is closed
    try {
      const { rows } = await client.query<T>(sql, values);
      isClean = client.getTransactionStatus() === 'I';
      return rows;
    } finally {
      this.connections.giveBack(client, isClean);
    }
  }

  load(): PoolLoad {
    return this.connections.load();
  }

  async close(): Promise<void> {
    await Promise.all([this.connections.close(), this.dataSource.destroy()]);
  }
}

async function inside<T>(client: BorrowedClient, loan: Loan, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    const { error } = await loan.open();
    if (error !== undefined) throw error;
    const committed = await (loan.committing ?? answered(client.open('COMMIT')));
    if (committed.error !== undefined) throw committed.error;
    if (!isCommitted(committed.result)) throw new TransactionAborted();
    return result;
  } catch (error) {
    const opened = await loan.open();
    // Behind COMMIT there is nothing left to roll back. A ROLLBACK that fails leaves the connection not idle, and it
    // is destroyed.
    await (loan.committing ?? answered(client.open('ROLLBACK')));
    throw opened.error ?? error;
  }
}

interface Answer {
  result?: QueryResult | QueryResult[];
  error?: unknown;
}

/** So that it can be waited for later without being unhandled meanwhile. */
function answered(query: Promise<QueryResult | QueryResult[]>): Promise<Answer> {
  return query.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
}

/** PostgreSQL answers COMMIT of a failed transaction with ROLLBACK. */
function isCommitted(answer: Answer['result']): boolean {
  return !Array.isArray(answer) && answer?.command === 'COMMIT';
}
