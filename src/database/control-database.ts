import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { PoolLoad } from './connections';
import type { TransactionMeter } from './transaction-meter';
import type { Transactions } from './transactions';
import type { Bracket } from './lease';

/** Access to the schema `public` with the rights of one login. */
abstract class ControlDatabase {
  constructor(private readonly transactions: Transactions) {}

  /** Reads in one read-only transaction. */
  run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.transactions.run('BEGIN READ ONLY', work);
  }

  /** Reads with one statement outside a transaction block, in one message. */
  read<T extends object>(sql: string, values: unknown[]): Promise<T[]> {
    return this.transactions.read<T>(sql, values);
  }

  /** Reads and writes in one transaction, all or nothing. @param bracket statements around the work */
  transaction<T>(work: (manager: EntityManager) => Promise<T>, bracket?: Bracket): Promise<T> {
    return this.transactions.run('BEGIN', work, bracket === undefined ? {} : { bracket });
  }

  /** Open and idle connections, and queued requests. */
  load(): PoolLoad {
    return this.transactions.load();
  }

  get meter(): TransactionMeter {
    return this.transactions.meter;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.transactions.close();
  }
}

/** Users, shops, memberships and tokens, with the rights of the public login, which cannot reach any tenant. */
@Injectable()
export class PublicDatabase extends ControlDatabase {}

/** The tables of `public` with the rights of the admin login, for provisioning and migrations only. */
@Injectable()
export class AdminDatabase extends ControlDatabase {}
