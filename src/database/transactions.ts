import type { QueryResult } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner';
import { inSpan, isTraced } from '../common/tracing';
import { shopTransaction, statementSpan } from './spans';
import type { BorrowedClient } from './engine-client';
import type { Connections, PoolLoad } from './connections';
import type { MeteredTransaction, Origin, TransactionMeter } from './transaction-meter';

/**
 * Thrown when PostgreSQL answers COMMIT with ROLLBACK: a statement failed, and the work ignored its error. Nothing was
 * stored. Put a statement that may fail into `manager.transaction`, a savepoint.
 */
export class TransactionAborted extends Error {
  constructor() {
    super('a statement failed inside the transaction and its error was swallowed; nothing was stored');
  }
}

/** Thrown when a connection is used after its transaction has ended. */
export class LeaseEnded extends Error {
  constructor() {
    super('the transaction has ended, and its connection with it');
  }
}

/** Thrown for a second statement in work that may send only one. */
export class OneStatementOnly extends Error {
  constructor() {
    super('this transaction takes one statement: it is committed in the same round trip');
  }
}

/** Thrown when the opening statement of a bracket fails; `cause` is its error. Nothing was stored. */
export class OpeningFailed extends Error {
  constructor(cause: unknown) {
    super('the opening statement failed', { cause });
  }
}

type Statement = [sql: string, values: unknown[]];

/** Statements around a piece of work. They take no round trips: they are sent with the preamble and with COMMIT. */
export interface Bracket {
  /** Statements of the engine before the opening, one message without parameters. */
  prepare: string;
  opening: Statement;
  /** Statements of the engine after the opening, one message without parameters. */
  resume: string;
  /** Makes the statement that is sent with COMMIT. @param result what the work returned */
  closing: (result: unknown) => Statement;
}

/**
 * The use of a connection by one piece of work. It refuses queries after the work has ended, because they would run
 * inside the next shop that uses the connection. The first statement is sent together with the preamble, and with COMMIT if it is the only one.
 */
class Lease {
  private isOver = false;
  private begun: Promise<Answer> | undefined;
  /** Answer to COMMIT, once sent, in work with one statement. */
  committing: Promise<Answer> | undefined;

  constructor(
    private readonly client: BorrowedClient,
    private readonly preamble: string,
    private readonly isSingle: boolean,
    private readonly bracket: Bracket | undefined,
    private readonly metered: MeteredTransaction,
  ) {}

  query(...args: Parameters<BorrowedClient['query']>): unknown {
    if (this.isOver) return Promise.reject(new LeaseEnded());
    if (this.committing !== undefined) return Promise.reject(new OneStatementOnly());
    if (this.begun !== undefined) return this.send(...args);
    return this.client.together(() => {
      // Not awaited: everything shares one round trip. If the preamble fails, the transaction is in the failed state and
      // every query after it fails with 25P02; the preamble's error is the cause.
      void this.begin();
      const answer = this.send(...args);
      if (this.isSingle) this.committing = answered(this.client.exec('COMMIT'));
      return answer;
    });
  }

  private send(...args: Parameters<BorrowedClient['query']>): Promise<unknown> {
    const send = () => this.metered.watch(args[0], this.client.query(...args) as unknown as Promise<unknown>); // TypeORM passes no callback
    return isTraced() ? inSpan(() => statementSpan(args[0]), send) : send();
  }

  /** Sends the preamble and the opening, unless they were sent before. @returns the answer of the first that failed */
  begin(): Promise<Answer> {
    return (this.begun ??= this.bracket === undefined ? this.preface() : this.open(this.bracket));
  }

  /** Sends COMMIT, unless it was sent before, with the closing. @returns the answer of the first that failed */
  commit(result: unknown): Promise<Answer> {
    if (this.committing !== undefined) return this.committing;
    const closing = this.bracket?.closing(result);
    if (closing === undefined) return answered(this.client.exec('COMMIT'));
    return this.client.together(() => {
      const closed = answered(this.client.query(...closing));
      return firstFailure(closed, answered(this.client.exec('COMMIT')));
    });
  }

  private preface(...more: string[]): Promise<Answer> {
    return answered(this.client.exec([this.preamble, ...more].join('; ')));
  }

  private open({ prepare, opening, resume }: Bracket): Promise<Answer> {
    return this.client.together(() => {
      const begun = this.preface(prepare);
      const opened = answered(this.client.query(...opening)).then(({ error, ...answer }) =>
        error === undefined ? answer : { error: new OpeningFailed(error) },
      );
      return firstFailure(begun, opened, answered(this.client.exec(resume)));
    });
  }

  /** Counts the error of the preamble or the opening, which are not watched: they share the round trip of the first statement. */
  openingFailed(error: unknown): void {
    this.metered.failed(error instanceof OpeningFailed ? error.cause : error);
  }

  end(): void {
    this.isOver = true;
  }
}

/** TypeORM query runner on a leased connection, inside a transaction that is already open. */
class BorrowedQueryRunner extends PostgresQueryRunner {
  constructor(
    driver: PostgresDriver,
    private readonly lease: Lease,
  ) {
    super(driver, 'master');
    this.databaseConnection = lease;
    this.isTransactionActive = true; // makes `manager.transaction` a savepoint
    this.transactionDepth = 1;
    (this as { manager: EntityManager }).manager = driver.dataSource.createEntityManager(this);
  }

  /** Ends the lease; the connection stays open. A manager that was kept fails from now on. */
  override release(): Promise<void> {
    this.isReleased = true;
    this.lease.end();
    return Promise.resolve();
  }
}

type Work<T> = (manager: EntityManager) => Promise<T>;

/** Purpose of a transaction. */
export interface Purpose {
  /** Shop of the transaction; empty on the public side. */
  shopId?: string;
  /** True when the work sends one statement only, so that COMMIT can share its round trip. */
  isSingle?: boolean;
  /** Not for single statements. */
  bracket?: Bracket;
  /** Named in the log of slow statements. */
  origin?: Origin | undefined;
  /** How much longer a statement may take than one of the connection's own limit, milliseconds. */
  extraMs?: number;
}

/**
 * Runs work in one transaction on one pooled connection. The only place where connections are borrowed and given back,
 * for the public and the tenant side.
 */
export class Transactions {
  private readonly driver: PostgresDriver;

  constructor(
    private readonly dataSource: DataSource,
    private readonly connections: Connections,
    readonly meter: TransactionMeter,
  ) {
    this.driver = dataSource.driver as PostgresDriver;
  }

  /**
   * @param preamble statements from BEGIN on, one message, built from quoted identifiers only
   * @param work receives a manager that is valid until it returns; an error from it rolls everything back
   * @throws the error of `work`; the preamble's error if that failed first; DatabaseUnavailable when no connection can
   *   be obtained; TransactionAborted; OneStatementOnly; OpeningFailed
   */
  run<T>(preamble: string, work: Work<T>, purpose: Purpose = {}): Promise<T> {
    return inSpan(
      () => shopTransaction(purpose.shopId),
      () => this.runBorrowed(preamble, work, purpose),
    );
  }

  private async runBorrowed<T>(
    preamble: string,
    work: Work<T>,
    { shopId = '', isSingle = false, bracket, extraMs = 0, origin }: Purpose,
  ): Promise<T> {
    const { client, metered } = await this.borrow(shopId, origin);
    client.waitLonger(extraMs);
    const lease = new Lease(client, preamble, isSingle, bracket, metered);
    const runner = new BorrowedQueryRunner(this.driver, lease);
    let isCommitted = false;
    try {
      const result = await inside(client, lease, () => work(runner.manager));
      isCommitted = true;
      return result;
    } finally {
      await runner.release();
      metered.end(isCommitted);
      // An open transaction would hand this role and path to the next user (measured with pg-pool and TypeORM).
      this.connections.giveBack(client, client.getTransactionStatus() === 'I');
    }
  }

  /**
   * Runs one statement outside any transaction block, with the rights and the path of the login. Public side only.
   * @throws the statement's error; DatabaseUnavailable when no connection can be obtained
   */
  async read<T extends object>(sql: string, values: unknown[]): Promise<T[]> {
    const { client, metered } = await this.borrow('');
    let isClean = false; // after an error the server may be about to close the connection
    let isCommitted = false;
    try {
      const { rows } = await metered.watch(sql, client.query<T>(sql, values));
      isClean = client.getTransactionStatus() === 'I';
      isCommitted = true;
      return rows;
    } finally {
      metered.end(isCommitted);
      this.connections.giveBack(client, isClean);
    }
  }

  load(): PoolLoad {
    return this.connections.load();
  }

  private async borrow(
    shopId: string,
    origin?: Origin,
  ): Promise<{ client: BorrowedClient; metered: MeteredTransaction }> {
    const askedAt = performance.now();
    try {
      const client = await this.connections.borrow(shopId);
      return { client, metered: this.meter.begin(askedAt, shopId, origin) };
    } catch (error) {
      this.meter.refused(askedAt, shopId);
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.connections.close(), this.dataSource.destroy()]);
  }
}

async function inside<T>(client: BorrowedClient, lease: Lease, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    const { error } = await lease.begin();
    if (error !== undefined) throw error;
    const committed = await lease.commit(result);
    if (committed.error !== undefined) throw committed.error;
    if (!isCommitted(committed.result)) throw new TransactionAborted();
    return result;
  } catch (error) {
    const begun = await lease.begin(); // also when nothing was sent: a missing role or schema must not go unnoticed
    // After COMMIT there is nothing left to roll back. If ROLLBACK fails, the connection is not idle and is destroyed.
    await (lease.committing ?? answered(client.exec('ROLLBACK')));
    if (begun.error !== undefined) lease.openingFailed(begun.error);
    throw begun.error ?? error;
  }
}

interface Answer {
  result?: QueryResult | QueryResult[];
  error?: unknown;
}

/** Turns a rejection into a value, so that the answer can be awaited later. */
function answered(query: Promise<QueryResult | QueryResult[]>): Promise<Answer> {
  return query.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
}

/** The first answer with an error, or the last answer. */
async function firstFailure(...sent: Promise<Answer>[]): Promise<Answer> {
  const answers = await Promise.all(sent);
  return answers.find(({ error }) => error !== undefined) ?? answers.at(-1)!; // callers send something
}

/** False when PostgreSQL answered COMMIT of a failed transaction with ROLLBACK. */
function isCommitted(answer: Answer['result']): boolean {
  return !Array.isArray(answer) && answer?.command === 'COMMIT';
}
