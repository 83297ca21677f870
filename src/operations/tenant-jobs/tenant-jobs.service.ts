import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { isId, LAST_ID } from '../../common/ids';
import { PublicDatabase } from '../../database/control-database';
import { recordAudit } from '../../tenancy/audit-log';
import { findShopIds, shopNotFound } from '../../tenancy/named-shops';
import { type Operator, operatorEvent } from '../../tenancy/operator';
import { JobNotFound, JobRunning } from './tenant-jobs.errors';

export const JOB_STATES = ['waiting', 'running', 'dead'] as const;
export type JobState = (typeof JOB_STATES)[number];

export interface JobQuery {
  /** Slug or id. */
  shop?: string;
  kind?: string;
  state?: JobState;
  limit: number;
  /** Id before which the list begins; the newest job by default. */
  before?: string;
}

/** A job of a shop, as operators see it. */
export interface ShownJob {
  id: string;
  shopId: string;
  /** Null for a shop that was removed. */
  shopSlug: string | null;
  kind: string;
  state: JobState;
  orderKey: string | null;
  attempts: number;
  maxAttempts: number;
  runAt: Date;
  createdAt: Date;
  /** Begin of the last attempt. */
  startedAt: Date | null;
  /** Failure of the last attempt. */
  error: string | null;
  /** Member and request that added it; null for a schedule. */
  userId: string | null;
  requestId: string | null;
}

const COLUMNS = `j.id, j.shop_id AS "shopId", s.slug AS "shopSlug", j.kind, j.state, j.order_key AS "orderKey", j.attempts,
  j.max_attempts AS "maxAttempts", j.run_at AS "runAt", j.created_at AS "createdAt", j.started_at AS "startedAt", j.error,
  j.user_id AS "userId", j.request_id AS "requestId"`;
const FROM = 'FROM tenant_jobs j LEFT JOIN shops s ON s.id = j.shop_id';

/** Shows operators the jobs of shops, retries and drops them. Needs no admin rights. */
@Injectable()
export class TenantJobsService {
  constructor(private readonly database: PublicDatabase) {}

  /** Lists jobs that are not done, newest first. @throws ShopNotFound for a shop that neither exists nor has a job */
  async list({ shop, kind, state, limit, before = LAST_ID }: JobQuery): Promise<ShownJob[]> {
    const shopId = shop === undefined ? null : await this.shopIdOf(shop);
    return this.database.read<ShownJob>(
      `SELECT ${COLUMNS} ${FROM} WHERE j.id < $1 AND ($2::uuid IS NULL OR j.shop_id = $2)
         AND ($3::text IS NULL OR j.kind = $3) AND ($4::text IS NULL OR j.state = $4) ORDER BY j.id DESC LIMIT $5`,
      [before, shopId, kind ?? null, state ?? null, limit],
    );
  }

  /** @throws JobNotFound */
  async get(id: string): Promise<ShownJob & { payload: object }> {
    const [job] = isId(id)
      ? await this.database.read<ShownJob & { payload: object }>(
          `SELECT ${COLUMNS}, j.payload ${FROM} WHERE j.id = $1`,
          [id],
        )
      : [];
    if (job === undefined) throw new JobNotFound({ detail: `No job has the id ${id}.` });
    return job;
  }

  /** Lets a job begin now: a dead one with all its attempts, or one that waits. @throws JobNotFound, JobRunning */
  async retry(by: Operator, id: string): Promise<ShownJob> {
    await this.change(by, id, 'job.retried', (manager) =>
      manager.query<[unknown[], number]>(
        `UPDATE tenant_jobs SET run_at = now(), attempts = CASE WHEN state = 'dead' THEN 0 ELSE attempts END, state = 'waiting'
         WHERE id = $1 AND state <> 'running' RETURNING id`,
        [id],
      ),
    );
    return this.get(id);
  }

  /** Removes a job that is not running, for good. @returns the job as it was @throws JobNotFound, JobRunning */
  drop(by: Operator, id: string): Promise<ShownJob> {
    return this.change(by, id, 'job.dropped', (manager) =>
      manager.query<[unknown[], number]>(
        `DELETE FROM tenant_jobs WHERE id = $1 AND state <> 'running' RETURNING id`,
        [id],
      ),
    );
  }

  private async change(
    by: Operator,
    id: string,
    action: 'job.retried' | 'job.dropped',
    statement: (manager: EntityManager) => Promise<[unknown[], number]>,
  ): Promise<ShownJob> {
    const job = await this.get(id);
    await this.database.transaction(async (manager) => {
      const [rows] = await statement(manager);
      if (rows.length === 0) throw await this.explain(id);
      await recordAudit(manager, operatorEvent(by, action, job.shopId, { job: id, kind: job.kind }));
    });
    return job;
  }

  private async explain(id: string): Promise<Error> {
    await this.get(id);
    return new JobRunning();
  }

  private async shopIdOf(shop: string): Promise<string> {
    const [found] = await findShopIds((sql, values) => this.database.read(sql, values), [shop]);
    const shopId = found ?? (isId(shop) ? shop : null);
    if (shopId === null) throw shopNotFound(shop);
    return shopId;
  }
}
