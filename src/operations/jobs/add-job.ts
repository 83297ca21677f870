import type { EntityManager } from 'typeorm';

export interface JobOptions {
  /** Jobs of one queue run one after the other, in the order in which they were added, unless one fails. */
  queue?: string;
  /** At most one waiting job has this key: a second one replaces it. A job that runs no longer counts. */
  key?: string;
  /** Earliest moment; now by default. */
  runAt?: Date;
  /** How often the job is tried before it is left as dead, starts of killed runners included; 25 by default. */
  attempts?: number;
}

/**
 * Adds a job in the transaction of the manager: it exists when, and only when, that is committed. Needs the public or
 * the admin login.
 * @param payload JSON; keep it small, for instance ids
 * @returns id of the job
 */
export async function addJob(
  manager: EntityManager,
  task: string,
  payload: object,
  { queue, key, runAt, attempts }: JobOptions = {},
): Promise<number> {
  const [row] = await manager.query<{ id: number }[]>(
    'SELECT public.add_job($1, $2::jsonb, $3, $4, $5, $6) AS id',
    [task, JSON.stringify(payload), queue ?? null, key ?? null, runAt ?? null, attempts ?? null],
  );
  return row!.id; // one row by definition
}
