import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ZodType } from 'zod';
import { newId } from '../../common/ids';
import { PublicDatabase } from '../../database/control-database';
import { runAsLogin } from '../../database/transactions';
import type { Author, TenantAccess } from '../../tenancy/tenant';
import type { TenantConnection } from '../../tenancy/tenant-connection';

export interface TenantJobOptions {
  /** Jobs of one key run in the order of adding, each after the end of the one before. A dead one lets the next pass. */
  order?: string;
  /**
   * At most one job of the kind waits under this key: while one does, no second is added, and it runs at the earlier of both times.
   * Transactions with the same key wait for each other, as those that insert the same value into a unique column do.
   */
  unique?: string;
  /** Earliest moment; now by default. */
  runAt?: Date;
  /** How often the job is tried before it is left as dead, starts of killed processes included; 15 by default. */
  attempts?: number;
  /** Member and request on whose behalf it is done: `author` of the TenantConnection. */
  author?: Author;
}

export interface TenantJobHandler<T> {
  /** Form of the payload. A job with another one is dead at once. */
  payload: ZodType<T>;
  /**
   * Does a job. The connection is that of its shop, and takes one `transaction`: the job ends with it, so what it writes is there
   * exactly once. All else may happen again: the job is done at least once.
   * @param signal aborted when the job must end: the process stops, or may no longer do it
   */
  run(connection: TenantConnection, payload: T, signal: AbortSignal): Promise<void>;
}

/** When the jobs of a schedule are added. */
export interface TenantSchedule {
  /** Five fields, UTC. */
  cron: string;
  /** Jobs of the shops are spread over this time, so that they do not come all at once. Minutes. */
  overMinutes: number;
}

/** Jobs of shops: product services add them, and name the handlers of their kinds. */
@Injectable()
export class TenantJobs {
  readonly handlers = new Map<string, TenantJobHandler<unknown>>();
  readonly schedules = new Map<string, TenantSchedule>();

  constructor(private readonly database: PublicDatabase) {}

  /**
   * Adds a job for the shop of the manager, in its transaction: it exists when, and only when, that is committed.
   * @param manager received from `TenantConnection.transaction`
   * @param kind lower-case letters, digits and hyphens
   * @param payload at most 64 KiB as JSON. Ids rather than names: operators can read it
   * @returns id of the job, or of the one that waits under the same unique key
   * @throws SQLSTATE 23514 for a kind, key, payload or number of attempts that is not accepted
   */
  async add(
    manager: EntityManager,
    kind: string,
    payload: object,
    { order, unique, runAt, attempts, author }: TenantJobOptions = {},
  ): Promise<string> {
    const [row] = await runAsLogin<{ id: string }>(manager, (shopId) => [
      'SELECT jobs.add_tenant_job($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS id',
      [
        ...[newId(), shopId, kind, JSON.stringify(payload), order ?? null, unique ?? null, runAt ?? null],
        ...[attempts ?? null, author?.userId ?? null, author?.requestId ?? null],
      ],
    ]);
    return row!.id; // one row by definition
  }

  /**
   * Adds a job of the program itself, without payload, whoever asked for it: also for a member who may not write, who must not be able to
   * say what it does. It depends on no transaction. Nothing is added while one that was added so waits.
   */
  async addOwn({ shopId }: Pick<TenantAccess, 'shopId'>, kind: string): Promise<void> {
    await this.database.read(
      `INSERT INTO tenant_jobs (id, shop_id, kind, payload, unique_key) VALUES ($1, $2, $3, '{}', $3)
       ON CONFLICT (shop_id, kind, unique_key) DO NOTHING`,
      [newId(), shopId, kind],
    );
  }

  /** Names the handler of a kind, when the module is created. Jobs of other kinds wait for a program that knows them. */
  handle<T>(kind: string, handler: TenantJobHandler<T>): void {
    this.handlers.set(kind, handler as TenantJobHandler<unknown>);
  }

  /** Adds a job of the kind, without payload, for every active shop at the times of a cron expression. */
  schedule(kind: string, schedule: TenantSchedule): void {
    this.schedules.set(kind, schedule);
  }
}
