import type { DataSource, EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner';
import { inSpan } from '../common/tracing';
import { type Answer, answered, type Bracket, Lease, type Statement } from './lease';
import { shopTransaction } from './spans';
import type { BorrowedClient } from './engine-client';
import type { Connections, PoolLoad, Share } from './connections';
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

type Work<T> = (manager: EntityManager) => Promise<T>;

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
  /** Part of the pool that the shop may use; absent: no limit of its own. */
  share?: Share | undefined;
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
   * @throws the error of `work`; the preamble's error if that failed first; as Connections.borrow; TransactionAborted; OneStatementOnly; OpeningFailed
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
    { shopId = '', role, share, isSingle = false, bracket, extraMs = 0, origin }: Purpose,
  ): Promise<T> {
    const { client, metered } = await this.borrow(shopId, share, origin);
    client.waitLonger(extraMs);
    const tenant = role === undefined ? null : { shopId, role };
    const lease = new Lease(client, preamble, isSingle, bracket, metered, tenant);
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
      this.connections.giveBack(client, client.getTransactionStatus() === 'I', isCommitted);
    }
  }

  /**
   * Runs one statement outside any transaction block, with the rights and the path of the login. Public side only.
   * @throws the statement's error; as Connections.borrow
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

  /** @throws as Connections.requireRoom */
  requireRoom({ shopId = '', share }: Purpose): void {
    this.connections.requireRoom(shopId, share);
  }

  load(): PoolLoad {
    return this.connections.load();
  }

  private async borrow(
    shopId: string,
    share?: Share,
    origin?: Origin,
  ): Promise<{ client: BorrowedClient; metered: MeteredTransaction }> {
    const askedAt = performance.now();
    try {
      const client = await this.connections.borrow(shopId, share, origin?.raw?.socket);
      return { client, metered: this.meter.begin(askedAt, shopId, origin) };
    } catch (error) {
      this.meter.refused(askedAt, shopId, error);
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

/** False when PostgreSQL answered COMMIT of a failed transaction with ROLLBACK. */
function isCommitted(answer: Answer['result']): boolean {
  return !Array.isArray(answer) && answer?.command === 'COMMIT';
}
