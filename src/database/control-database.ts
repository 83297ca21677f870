import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { PoolLoad } from './connections';
import type { Transactions } from './transactions';

/** The schema `public`, as one login sees it. */
abstract class ControlDatabase {
  constructor(private readonly transactions: Transactions) {}

  /** Reads, in one read-only transaction. */
  run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.transactions.run('BEGIN READ ONLY', work);
  }

  /** Reads with one statement, which is a transaction by itself: nothing is sent before or behind it. */
  read<T extends object>(sql: string, values: unknown[]): Promise<T[]> {
    return this.transactions.read<T>(sql, values);
  }

  /** Reads and writes, all or nothing. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.transactions.run('BEGIN', work);
  }

  /** Connections open and idle, and requests that wait for one. */
  load(): PoolLoad {
    return this.transactions.load();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.transactions.close();
  }
}

/** Users, shops, memberships and tokens, with the rights of the public login: no tenant can be reached. */
@Injectable()
export class PublicDatabase extends ControlDatabase {}

/** The same tables with the rights of the admin login. For provisioning and migrations only. */
@Injectable()
export class AdminDatabase extends ControlDatabase {}
