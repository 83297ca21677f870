import type { QueryResult } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner';
import type { BorrowedClient } from './engine-client';
import type { Connections, PoolLoad } from './connections';
import { quoteIdent } from './identifiers';

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
    /** Shop and role of a tenant's transaction. */
    readonly tenant: { shopId: string; role: string } | null,
  ) {}

  /** @see runAsLogin */
  async asLogin([sql, values]: Statement): Promise<QueryResult> {
    if (this.isOver) throw new LeaseEnded();
    if (this.isSingle) throw new OneStatementOnly();
    const enter = `SET LOCAL ROLE ${quoteIdent(this.tenant!.role)}`; // checked by runAsLogin
    const sent = this.client.together(() => [
      this.begin(),
      answered(this.client.exec('SET LOCAL ROLE NONE')),
      answered(this.client.query(sql, values)),
      answered(this.client.exec(enter)), // refused after an error; rolling back to a savepoint brings the role back too
    ]);
    const { error } = await firstFailure(...sent);
    if (error !== undefined) throw error;
    return (await sent[2]!).result as QueryResult; // four were sent
  }

  query(...args: Parameters<BorrowedClient['query']>): unknown {
    if (this.isOver) return Promise.reject(new LeaseEnded());
    if (this.committing !== undefined) return Promise.reject(new OneStatementOnly());
    if (this.begun !== undefined) return this.client.query(...args);
    return this.client.together(() => {
      // Not awaited: everything shares one round trip. If the preamble fails, the transaction is in the failed state and
      // every query after it fails with 25P02; the preamble's error is the cause.
      void this.begin();
      const answer: unknown = this.client.query(...args);
      if (this.isSingle) this.committing = answered(this.client.exec('COMMIT'));
      return answer;
    });
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

  end(): void {
    this.isOver = true;
  }
}

/** TypeORM query runner on a leased connection, inside a transaction that is already open. */
class BorrowedQueryRunner extends PostgresQueryRunner {
  constructor(
    driver: PostgresDriver,
    readonly lease: Lease,
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

/**
 * Runs a statement of the engine inside a tenant's transaction with the rights of the tenant login, which may call functions
 * that no shop's role may call. One round trip. A savepoint that is rolled back undoes it like any other statement.
 * @param statement made for the shop of the transaction
 * @throws LeaseEnded; OneStatementOnly; the statement's error; Error for a manager of no tenant's transaction
 */
export async function runAsLogin<T extends object>(
  { queryRunner }: EntityManager,
  statement: (shopId: string) => Statement,
): Promise<T[]> {
  if (!(queryRunner instanceof BorrowedQueryRunner) || queryRunner.lease.tenant === null)
    throw new Error("the manager is not that of a tenant's transaction");
  const { lease } = queryRunner;
  return (await lease.asLogin(statement(lease.tenant!.shopId))).rows as T[]; // checked above
}

/** Purpose of a transaction. */
export interface Purpose {
  /** Shop of the transaction; empty on the public side. */
  shopId?: string;
  /** Role of the shop; none on the public side. */
  role?: string;
  /** True when the work sends one statement only, so that COMMIT can share its round trip. */
  isSingle?: boolean;
  /** Not for single statements. */
  bracket?: Bracket;
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
  ) {
    this.driver = dataSource.driver as PostgresDriver;
  }

  /**
   * @param preamble statements from BEGIN on, one message, built from quoted identifiers only
   * @param work receives a manager that is valid until it returns; an error from it rolls everything back
   * @throws the error of `work`; the preamble's error if that failed first; DatabaseUnavailable when no connection can
   *   be obtained; TransactionAborted; OneStatementOnly; OpeningFailed
   */
  async run<T>(
    preamble: string,
    work: (manager: EntityManager) => Promise<T>,
    { shopId = '', role, isSingle = false, bracket, extraMs = 0 }: Purpose = {},
  ): Promise<T> {
    const client = await this.connections.borrow(shopId);
    client.waitLonger(extraMs);
    const tenant = role === undefined ? null : { shopId, role };
    const lease = new Lease(client, preamble, isSingle, bracket, tenant);
    const runner = new BorrowedQueryRunner(this.driver, lease);
    try {
      return await inside(client, lease, () => work(runner.manager));
    } finally {
      await runner.release();
      // An open transaction would hand this role and path to the next user (measured with pg-pool and TypeORM).
      this.connections.giveBack(client, client.getTransactionStatus() === 'I');
    }
  }

  /**
   * Runs one statement outside any transaction block, with the rights and the path of the login. Public side only.
   * @throws the statement's error; DatabaseUnavailable when no connection can be obtained
   */
  async read<T extends object>(sql: string, values: unknown[]): Promise<T[]> {
    const client = await this.connections.borrow('');
    let isClean = false; // after an error the server may be about to close the connection
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
