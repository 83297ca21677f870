import type { QueryResult, QueryResultRow } from 'pg';
import type { EntityManager } from 'typeorm';
import { newId } from '../../common/ids';
import { isUniqueViolation } from '../../common/sqlstate';
import type { Operation, OperationFailure, OperationState, Origin } from './operation.entity';
import { OperationInProgress } from './lifecycle.errors';

export type { Operation, OperationState } from './operation.entity';

/** A runner without a heartbeat for this long has lost its lease. Seconds. */
const LEASE_SECONDS = 15;

/** Sender of statements to `public`: a connection of the admin login or a manager's query runner. */
export interface Queries {
  query<R extends QueryResultRow>(sql: string, values: unknown[]): Promise<Pick<QueryResult<R>, 'rows'>>;
}

/** Sends the statements in the transaction of a manager. */
export function queriesOf(manager: EntityManager): Queries {
  return { query: async (sql, values) => ({ rows: await manager.query(sql, values) }) };
}

/** Request for an operation. */
export interface NewOperation {
  kind: string;
  /** Null for an operation on several shops. */
  shop: { id: string; slug: string } | null;
  by: { kind: Origin; id: string | null };
  input: object;
  /** At most one exclusive operation of a shop is open at a time. */
  isExclusive: boolean;
}

const COLUMNS = `id, kind, shop_id AS "shopId", shop_slug AS "shopSlug", by_kind AS "byKind", by_id AS "byId", input,
  is_exclusive AS "isExclusive", state, step, done, total, checkpoint, result, error, attempts,
  cancel_wanted AS "cancelWanted", runner, seen_at AS "seenAt", created_at AS "createdAt", started_at AS "startedAt",
  finished_at AS "finishedAt"`;

/**
 * Records an operation, in the caller's transaction if there is one. Needs no admin rights.
 * @throws OperationInProgress if it is exclusive and another of the shop is open
 */
export async function queueOperation(queries: Queries, wanted: NewOperation): Promise<string> {
  const id = newId();
  const { kind, shop, by, input, isExclusive } = wanted;
  try {
    await queries.query(
      `INSERT INTO public.operations (id, kind, shop_id, shop_slug, by_kind, by_id, input, is_exclusive)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [id, kind, shop?.id ?? null, shop?.slug ?? null, by.kind, by.id, JSON.stringify(input), isExclusive],
    );
    return id;
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new OperationInProgress({ cause: error });
  }
}

/**
 * Takes the lease of an operation that is queued, or whose runner has lost it.
 * @returns null when another runner has it, or it has ended
 */
export async function claimOperation(
  queries: Queries,
  id: string,
  runner: string,
): Promise<Operation | null> {
  const { rows } = await queries.query<Operation>(
    `UPDATE public.operations SET state = 'running', runner = $2, seen_at = now(), attempts = attempts + 1,
       started_at = coalesce(started_at, now()), finished_at = NULL, error = NULL
     WHERE id = $1 AND (state = 'queued' OR ${IS_ABANDONED}) RETURNING ${COLUMNS}`,
    [id, runner],
  );
  return rows[0] ?? null;
}

/** SQL condition on a row of operations: its runner has lost the lease. */
export const IS_ABANDONED = `(state = 'running' AND seen_at < now() - interval '${LEASE_SECONDS} seconds')`;

/** Ids of operations that a runner may take, oldest first. */
export async function findClaimable(queries: Queries): Promise<string[]> {
  const { rows } = await queries.query<{ id: string }>(
    `SELECT id FROM public.operations WHERE state IN ('queued', 'running') AND (state = 'queued' OR ${IS_ABANDONED})
     ORDER BY created_at, id`,
    [],
  );
  return rows.map(({ id }) => id);
}

/** Values that the lease's holder writes. */
export interface Beat {
  step: string | null;
  done: number;
  total: number;
}

/** Writes the heartbeat. @returns whether a cancellation is wanted; null when the lease is lost */
export async function writeBeat(
  queries: Queries,
  id: string,
  runner: string,
  beat: Beat,
): Promise<boolean | null> {
  const { rows } = await queries.query<{ cancelWanted: boolean }>(
    `UPDATE public.operations SET seen_at = now(), step = $3, done = $4, total = $5
     WHERE id = $1 AND runner = $2 AND state = 'running' RETURNING cancel_wanted AS "cancelWanted"`,
    [id, runner, beat.step, Math.round(beat.done), Math.round(beat.total)],
  );
  return rows[0]?.cancelWanted ?? null;
}

/**
 * Stores the checkpoint, in the transaction of the work that it stands for if `queries` is in one.
 * @returns false when the lease is lost: the caller must roll back
 */
export async function writeCheckpoint(
  queries: Queries,
  id: string,
  runner: string,
  checkpoint: object,
): Promise<boolean> {
  const { rows } = await queries.query(
    `UPDATE public.operations SET seen_at = now(), checkpoint = $3
     WHERE id = $1 AND runner = $2 AND state = 'running' RETURNING 1`,
    [id, runner, JSON.stringify(checkpoint)],
  );
  return rows.length > 0;
}

/** Ends an operation, or returns it to the queue. @returns false when the lease is lost */
export async function endOperation(
  queries: Queries,
  id: string,
  runner: string,
  end: { state: OperationState; result?: object; error?: OperationFailure },
): Promise<boolean> {
  const { rows } = await queries.query(
    `UPDATE public.operations SET state = $3, result = $4, error = $5, runner = NULL, seen_at = now(),
       checkpoint = CASE WHEN $3 = 'done' THEN '{}' ELSE checkpoint END,
       finished_at = CASE WHEN $3 = 'queued' THEN NULL ELSE now() END
     WHERE id = $1 AND runner = $2 AND state = 'running' RETURNING 1`,
    [
      id,
      runner,
      end.state,
      end.result === undefined ? null : JSON.stringify(end.result),
      end.error === undefined ? null : JSON.stringify(end.error),
    ],
  );
  return rows.length > 0;
}

/** @returns null when there is no such operation */
export async function findOperation(queries: Queries, id: string): Promise<Operation | null> {
  const { rows } = await queries.query<Operation>(`SELECT ${COLUMNS} FROM public.operations WHERE id = $1`, [
    id,
  ]);
  return rows[0] ?? null;
}
