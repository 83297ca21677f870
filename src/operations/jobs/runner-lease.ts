import type { Pool } from 'pg';
import { JOB_SCHEMA } from '../../database/job-schema';

/** The library gives a lock up after four hours, whether its runner lives or not: a long job renews its lock before. */
const RENEW_AFTER = `interval '1 hour'`;

/** Says that this runner is alive, renews the locks of its long jobs, and forgets runners that are silent. */
const RENEW = `
  WITH held AS (UPDATE ${JOB_SCHEMA}.runners SET beat_at = now() WHERE id = $1 RETURNING id),
    silent AS (DELETE FROM ${JOB_SCHEMA}.runners
      WHERE id <> $1 AND beat_at < now() - $2 * interval '1 millisecond'),
    jobs AS (UPDATE ${JOB_SCHEMA}._private_jobs SET locked_at = now()
      WHERE locked_by = $1 AND locked_at < now() - ${RENEW_AFTER}),
    queues AS (UPDATE ${JOB_SCHEMA}._private_job_queues SET locked_at = now()
      WHERE locked_by = $1 AND locked_at < now() - ${RENEW_AFTER})
  SELECT FROM held`;

/** A runner that has just begun has no row yet, so only locks as old as a lease are released. */
const RELEASE = `
  SELECT ${JOB_SCHEMA}.force_unlock_workers(array_agg(j.locked_by)), count(*)::int AS released
  FROM ${JOB_SCHEMA}.jobs j
  WHERE j.locked_at < now() - $1 * interval '1 millisecond'
    AND NOT EXISTS (SELECT FROM ${JOB_SCHEMA}.runners r WHERE r.id = j.locked_by)
  HAVING count(*) > 0`;

/** Leases of runners: a row each, which its runner renews. The jobs of a runner without a row belong to nobody. */
export class RunnerLease {
  constructor(
    private readonly pool: Pool,
    private readonly leaseMs: number,
  ) {}

  async take(id: string): Promise<void> {
    await this.pool.query(`INSERT INTO ${JOB_SCHEMA}.runners (id) VALUES ($1)`, [id]);
  }

  /** @returns false when others have taken the lease for ended, and may run its jobs */
  async renew(id: string): Promise<boolean> {
    const { rowCount } = await this.pool.query(RENEW, [id, this.leaseMs]);
    return rowCount === 1;
  }

  /** Releases the jobs of runners that are gone. @returns how many */
  async releaseOrphans(): Promise<number> {
    const { rows } = await this.pool.query<{ released: number }>(RELEASE, [this.leaseMs]);
    return rows[0]?.released ?? 0;
  }

  /** Ends the lease, and returns jobs: they can be run at once, and this attempt does not count. */
  async giveUp(id: string, unfinished: ReadonlyMap<string, number>): Promise<void> {
    await this.pool.query(`SELECT ${JOB_SCHEMA}.force_unlock_workers(ARRAY[$1])`, [id]);
    for (const [job, attempts] of unfinished)
      await this.pool.query(
        `SELECT FROM ${JOB_SCHEMA}.reschedule_jobs(ARRAY[$1::bigint], run_at := now(), attempts := $2::smallint)`,
        [job, attempts - 1],
      );
    await this.pool.query(`DELETE FROM ${JOB_SCHEMA}.runners WHERE id = $1`, [id]);
  }
}
