import { Injectable } from '@nestjs/common';
import { PublicDatabase } from '../../database/control-database';
import { recordAudit } from '../../tenancy/audit-log';

/** A job that a runner has taken. */
export interface TakenJob {
  id: string;
  kind: string;
  payload: unknown;
  attempt: number;
  userId: string | null;
  requestId: string | null;
}

/** A shop with jobs to do. */
export interface DueShop {
  shopId: string;
  /** The shop is deleted or removed: its jobs are dropped. */
  isGone: boolean;
}

const OPEN = `state <> 'dead'`;

/**
 * Goes from shop to shop along the index, so a shop with a million jobs costs as much as one with a single job. Shops that are
 * suspended or can only be read, and those whose jobs a runner is doing, are left out.
 */
const DUE = `
  WITH RECURSIVE shop AS (
    (SELECT shop_id AS id FROM tenant_jobs WHERE ${OPEN} ORDER BY shop_id LIMIT 1)
    UNION ALL
    SELECT (SELECT j.shop_id FROM tenant_jobs j WHERE j.${OPEN} AND j.shop_id > shop.id ORDER BY j.shop_id LIMIT 1)
    FROM shop WHERE shop.id IS NOT NULL)
  SELECT shop.id AS "shopId", s.id IS NULL OR s.status = 'deleted' AS "isGone"
  FROM shop LEFT JOIN shops s ON s.id = shop.id
  WHERE shop.id IS NOT NULL AND (s.id IS NULL OR s.status IN ('active', 'deleted'))
    AND NOT EXISTS (SELECT FROM tenant_job_leases l WHERE l.shop_id = shop.id AND l.leased_until > now())
    AND EXISTS (SELECT FROM tenant_jobs j WHERE j.shop_id = shop.id AND j.${OPEN} AND (j.run_at <= now() OR j.state = 'running'))`;

const LEASE = `
  INSERT INTO tenant_job_leases AS l (shop_id, lease, leased_until) VALUES ($1, $2, now() + $3 * interval '1 millisecond')
  ON CONFLICT (shop_id) DO UPDATE SET lease = excluded.lease, leased_until = excluded.leased_until WHERE l.leased_until <= now()
  RETURNING shop_id`;

/** Jobs of a runner that is gone, since only one at a time has the lease of the shop. */
const RECOVER = `
  UPDATE tenant_jobs SET lease = NULL, error = 'its runner ended before the job did',
    state = CASE WHEN attempts >= max_attempts THEN 'dead' ELSE 'waiting' END
  WHERE shop_id = $1 AND state = 'running' AND lease <> $2`;

/** A job waits for earlier ones of its order key, unless they are dead. One whose adding transaction is still open is locked. */
const TAKE = `
  WITH next AS (
    SELECT id FROM tenant_jobs j
    WHERE shop_id = $1 AND state = 'waiting' AND run_at <= now() AND kind = ANY ($3)
      AND (order_key IS NULL OR NOT EXISTS (SELECT FROM tenant_jobs e
        WHERE e.shop_id = j.shop_id AND e.order_key = j.order_key AND e.position < j.position AND e.${OPEN}))
      AND EXISTS (SELECT FROM tenant_job_leases l WHERE l.shop_id = $1 AND l.lease = $2 AND l.leased_until > now())
    ORDER BY run_at, position LIMIT 1 FOR UPDATE OF j SKIP LOCKED),
  taken AS (
    UPDATE tenant_jobs t SET state = 'running', lease = $2, attempts = attempts + 1, unique_key = NULL, started_at = now()
    FROM next WHERE t.id = next.id RETURNING t.*)
  SELECT id, kind, payload, attempts AS attempt, user_id AS "userId", request_id AS "requestId" FROM taken`;

/** The next try is after 3 s, 7 s, 20 s … 6 h; up to a tenth later, so that jobs that failed together do not come together. */
const FAIL = `
  UPDATE tenant_jobs SET lease = NULL, error = left($3, 1000),
    state = CASE WHEN $4 OR attempts >= max_attempts THEN 'dead' ELSE 'waiting' END,
    run_at = now() + least(exp(least(attempts, 20)), 21600) * (1 + random() / 10) * interval '1 second'
  WHERE id = $1 AND lease = $2 RETURNING state`;

const GIVE_BACK = `UPDATE tenant_jobs SET lease = NULL, state = 'waiting', attempts = attempts - 1 WHERE id = $1 AND lease = $2`;

const RENEW = `
  UPDATE tenant_job_leases SET leased_until = now() + $2 * interval '1 millisecond' WHERE lease = ANY ($1) RETURNING lease`;

/** Jobs of shops as their runners change them, with the rights of the public login. */
@Injectable()
export class JobStore {
  constructor(private readonly database: PublicDatabase) {}

  due(): Promise<DueShop[]> {
    return this.database.read<DueShop>(DUE, []);
  }

  /** Takes the lease of a shop. @returns false when another runner has it */
  async lease(shopId: string, lease: string, leaseMs: number): Promise<boolean> {
    if ((await this.change(LEASE, [shopId, lease, leaseMs])).length === 0) return false;
    await this.change(RECOVER, [shopId, lease]);
    return true;
  }

  /** @returns the leases of these that are still held */
  async renew(leases: readonly string[], leaseMs: number): Promise<string[]> {
    return (await this.change<{ lease: string }>(RENEW, [leases, leaseMs])).map(({ lease }) => lease);
  }

  async release(shopId: string, lease: string): Promise<void> {
    await this.change('DELETE FROM tenant_job_leases WHERE shop_id = $1 AND lease = $2', [shopId, lease]);
  }

  /** Takes the next job of the shop that is of one of these kinds and may begin. */
  async take(shopId: string, lease: string, kinds: readonly string[]): Promise<TakenJob | undefined> {
    return (await this.change<TakenJob>(TAKE, [shopId, lease, kinds]))[0];
  }

  /** Lets a job wait for its next attempt, or leaves it as dead. @returns undefined when it is not this runner's any more */
  async fail(
    id: string,
    lease: string,
    error: string,
    isFinal: boolean,
  ): Promise<'waiting' | 'dead' | undefined> {
    const [row] = await this.change<{ state: 'waiting' | 'dead' }>(FAIL, [id, lease, error, isFinal]);
    return row?.state;
  }

  /** Lets a job wait again as if it had not been taken. */
  async giveBack(id: string, lease: string): Promise<void> {
    await this.change(GIVE_BACK, [id, lease]);
  }

  /** Drops all jobs of a shop that is deleted or removed, with an entry in the audit log. @returns how many */
  dropOf(shopId: string): Promise<number> {
    return this.database.transaction(async (manager) => {
      const [rows] = await manager.query<[unknown[], number]>(
        `DELETE FROM tenant_jobs WHERE shop_id = $1
         AND NOT EXISTS (SELECT FROM shops WHERE id = $1 AND status <> 'deleted') RETURNING id`,
        [shopId],
      );
      const jobs = rows.length;
      if (jobs > 0)
        await recordAudit(manager, {
          ...{ action: 'jobs.dropped', actorId: null, shopId, requestId: null },
          details: { jobs, reason: 'the shop is deleted' },
        });
      return jobs;
    });
  }

  /** Sends one statement that changes rows. */
  private change<T extends object>(sql: string, values: unknown[]): Promise<T[]> {
    return this.database.read<T>(sql, values); // outside a block: committed when it is answered
  }
}
