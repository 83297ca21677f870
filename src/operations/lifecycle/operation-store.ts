import type { QueryResult, QueryResultRow } from 'pg';
import type { EntityManager } from 'typeorm';
import { newId } from '../../common/ids';
import { isUniqueViolation } from '../../common/sqlstate';
import { IS_ABANDONED } from '../open-operations';
import type { Operation, OperationFailure, OperationState, Origin } from './operation.entity';
import { OperationInProgress } from './lifecycle.errors';

export { OPERATION_STATES } from './operation.entity';
export type { Operation, OperationState } from './operation.entity';

/** SQL of the columns result and error without the rows of a shop. */
export const RESULT_FOR_OPERATORS = `result - 'report' AS result, error - 'errors' AS error`;

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

const PLAIN = `id, kind, shop_id AS "shopId", shop_slug AS "shopSlug", by_kind AS "byKind", by_id AS "byId", input,
  is_exclusive AS "isExclusive", state, step, done, total, attempts,
  cancel_wanted AS "cancelWanted", seen_at AS "seenAt", created_at AS "createdAt", started_at AS "startedAt",
  finished_at AS "finishedAt"`;
const COLUMNS = `${PLAIN}, result, error, checkpoint, runner`;
/** Columns for operators: without the rows of a shop, which only its members see. */
const SHOWN = `${PLAIN}, ${RESULT_FOR_OPERATORS}`;

/**
 * Records an operation that any process with admin rights may run, in the caller's transaction if there is one.
 * @param runner with admin rights: the runner that has the lease from the beginning
 * @throws OperationInProgress if it is exclusive and another of the shop is open
 */
export async function queueOperation(
  queries: Queries,
  wanted: NewOperation,
  runner?: string,
): Promise<string> {
  const id = newId();
  const { kind, shop, by, input, isExclusive } = wanted;
  try {
    await queries.query(
      `INSERT INTO public.operations (id, kind, shop_id, shop_slug, by_kind, by_id, input, is_exclusive
         ${runner === undefined ? '' : ', state, runner, seen_at'})
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8 ${runner === undefined ? '' : `, 'running', $9, clock_timestamp()`})`,
      [
        ...[
          id,
          kind,
          shop?.id ?? null,
          shop?.slug ?? null,
          by.kind,
          by.id,
          JSON.stringify(input),
          isExclusive,
        ],
        ...(runner === undefined ? [] : [runner]),
      ],
    );
    return id;
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new OperationInProgress({ cause: error });
  }
}

/**
 * Takes the lease of an operation that is queued, whose runner has lost it, or that was recorded for this runner. An error
 * of before stays: its undo is not finished.
 * @returns null when another runner has it, or it has ended
 */
export async function claimOperation(
  queries: Queries,
  id: string,
  runner: string,
): Promise<Operation | null> {
  const { rows } = await queries.query<Operation>(
    `UPDATE public.operations SET state = 'running', runner = $2, seen_at = clock_timestamp(), attempts = attempts + 1,
       started_at = coalesce(started_at, now()), finished_at = NULL
     WHERE id = $1 AND (state = 'queued' OR state = 'running' AND runner = $2 OR ${IS_ABANDONED}) RETURNING ${COLUMNS}`,
    [id, runner],
  );
  return rows[0] ?? null;
}

/** An operation that a runner may take. */
export interface Claimable {
  id: string;
  cancelWanted: boolean;
  /** It is of a kind that members' operations have. */
  isOfMember: boolean;
}

/**
 * Operations of these kinds that a runner may take, oldest first.
 * @param memberKinds kinds of which a shop has one operation at a time, its oldest, and only while it is open or gone. The shop
 *   whose last one began the longest ago is first
 */
export async function findClaimable(
  queries: Queries,
  kinds: readonly string[],
  memberKinds: readonly string[] = [],
): Promise<Claimable[]> {
  const { rows } = await queries.query<Claimable>(
    `SELECT id, cancel_wanted AS "cancelWanted", kind = ANY ($2) AS "isOfMember" FROM public.operations o
     WHERE state IN ('queued', 'running') AND (state = 'queued' OR ${IS_ABANDONED})
       AND (kind = ANY ($1) OR kind = ANY ($2) AND (cancel_wanted OR ${IS_IN_TURN}))
     ORDER BY CASE WHEN kind = ANY ($2) THEN (SELECT max(e.started_at) FROM public.operations e
         WHERE e.shop_id = o.shop_id AND e.kind = o.kind) END NULLS FIRST, created_at, id`,
    [kinds, memberKinds],
  );
  return rows;
}

/** SQL condition on a row `o` of operations: it is the oldest of its shop and kind, and its shop is open, or gone for good. */
const IS_IN_TURN = `(NOT EXISTS (SELECT FROM public.operations e WHERE e.shop_id = o.shop_id AND e.kind = o.kind
    AND e.state IN ('queued', 'running') AND (e.created_at, e.id) < (o.created_at, o.id))
  AND NOT EXISTS (SELECT FROM public.shops s WHERE s.id = o.shop_id AND s.status NOT IN ('active', 'deleted')))`;

/** Asks the runner of an operation, or the next one, for its end. @returns false when it has ended already */
export async function wantCancellation(queries: Queries, id: string): Promise<boolean> {
  const { rows } = await queries.query(
    `WITH asked AS (UPDATE public.operations SET cancel_wanted = true
       WHERE id = $1 AND state IN ('queued', 'running') RETURNING id)
     SELECT id FROM asked`,
    [id],
  );
  return rows.length > 0;
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
    `UPDATE public.operations SET seen_at = clock_timestamp(), step = $3, done = $4, total = $5
     WHERE id = $1 AND runner = $2 AND state = 'running' RETURNING cancel_wanted AS "cancelWanted"`,
    [id, runner, beat.step, Math.round(beat.done), Math.round(beat.total)],
  );
  return rows[0]?.cancelWanted ?? null;
}

/**
 * Stores the checkpoint, in the transaction of the work that it stands for if `queries` is in one. That may have begun long
 * ago, so the heartbeat is the time of the clock and not that of the transaction.
 * @returns false when the lease is lost: the caller must roll back
 */
export async function writeCheckpoint(
  queries: Queries,
  id: string,
  runner: string,
  checkpoint: object,
): Promise<boolean> {
  const { rows } = await queries.query(
    `UPDATE public.operations SET seen_at = clock_timestamp(), checkpoint = $3
     WHERE id = $1 AND runner = $2 AND state = 'running' RETURNING 1`,
    [id, runner, JSON.stringify(checkpoint)],
  );
  return rows.length > 0;
}

/** Stores why an operation did not succeed, before its undo begins. @returns false when the lease is lost */
export async function writeFailure(
  queries: Queries,
  id: string,
  runner: string,
  error: OperationFailure,
): Promise<boolean> {
  const { rows } = await queries.query(
    `UPDATE public.operations SET seen_at = clock_timestamp(), error = $3
     WHERE id = $1 AND runner = $2 AND state = 'running' RETURNING 1`,
    [id, runner, JSON.stringify(error)],
  );
  return rows.length > 0;
}

/** End of a run. */
export interface OperationEnd {
  state: OperationState;
  result?: object;
  error?: OperationFailure;
  /** True for a return to the queue by a runner that stopped in order: no failed attempt. */
  isInOrder?: boolean;
}

/** Ends an operation, or returns it to the queue, with the error of an unfinished undo. @returns false when the lease is lost */
export async function endOperation(
  queries: Queries,
  id: string,
  runner: string,
  end: OperationEnd,
): Promise<boolean> {
  const { rows } = await queries.query(
    `UPDATE public.operations SET state = $3, result = $4, runner = NULL, seen_at = clock_timestamp(),
       total = CASE WHEN $3 = 'done' THEN done ELSE total END, -- it was an estimate
       error = CASE WHEN $3 = 'queued' THEN error ELSE $5 END,
       attempts = attempts - CASE WHEN $6 THEN 1 ELSE 0 END,
       checkpoint = CASE WHEN $3 = 'done' THEN '{}' ELSE checkpoint END,
       finished_at = CASE WHEN $3 = 'queued' THEN NULL ELSE now() END
     WHERE id = $1 AND runner = $2 AND state = 'running' RETURNING 1`,
    [
      id,
      runner,
      end.state,
      end.result === undefined ? null : JSON.stringify(end.result),
      end.error === undefined ? null : JSON.stringify(end.error),
      end.isInOrder === true,
    ],
  );
  return rows.length > 0;
}

/** An operation as it is shown to people. */
export interface ShownOperation extends Omit<Operation, 'checkpoint' | 'runner'> {
  /** True when its runner has lost the lease: another goes on, if there is one. */
  isAbandoned: boolean;
}

export interface OperationQuery {
  state?: OperationState;
  kind?: string;
  /** Slug at the time of the request, or id of the shop. */
  shop?: string;
  /** Only this one. */
  id?: string;
  /** 50 by default. */
  limit?: number;
}

/**
 * Lists operations, the newest first.
 * @param shopId the shop that has the name `shop` now
 */
export async function listOperations(
  queries: Queries,
  { state, kind, shop, id, limit = 50 }: OperationQuery,
  shopId: string | null = null,
): Promise<ShownOperation[]> {
  const { rows } = await queries.query<ShownOperation>(
    `SELECT ${SHOWN}, ${IS_ABANDONED} AS "isAbandoned" FROM public.operations
     WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR kind = $2) AND ($4::uuid IS NULL OR id = $4)
       AND ($3::text IS NULL OR shop_slug = $3 OR shop_id::text = $3 OR shop_id = $6)
     ORDER BY created_at DESC, id DESC LIMIT $5`,
    [state ?? null, kind ?? null, shop ?? null, id ?? null, limit, shopId],
  );
  return rows;
}

/** @returns null when there is no such operation */
export async function findOperation(queries: Queries, id: string): Promise<Operation | null> {
  const { rows } = await queries.query<Operation>(`SELECT ${COLUMNS} FROM public.operations WHERE id = $1`, [
    id,
  ]);
  return rows[0] ?? null;
}
