import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { AppError } from '../common/app-error';
import type { KeyedRequest } from '../common/idempotency-key';
import { isUniqueViolation, LOCK_NOT_AVAILABLE, NO_SUCH_TABLE, sqlState } from '../common/sqlstate';
import type { Bracket } from '../database/transactions';
import {
  IdempotencyInFlight,
  IdempotencyKeyReused,
  IdempotentAnswerTooLarge,
  ShopNotReady,
} from './tenancy.errors';

/** Longest answer that is kept, in characters. No route gives one as long. */
const MAX_ANSWER = 4 * 1_048_576;
const RETRY_SECONDS = 1;
const RETRY_NOT_READY_SECONDS = 5;

/**
 * Stores the key at the start of the transaction. Another transaction with the same key is then waited for, by the unique
 * index. A key that is older than 24 hours is free again, and a few of those are removed on the way.
 */
const OPENING = `
  WITH same AS (
    DELETE FROM idempotency_keys
    WHERE user_id = $1 AND key = $2 AND created_at < now() - interval '24 hours' RETURNING 1),
  old AS (
    DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM idempotency_keys WHERE created_at < now() - interval '24 hours'
      ORDER BY created_at LIMIT 10 FOR UPDATE SKIP LOCKED)))
  INSERT INTO idempotency_keys (user_id, key, fingerprint, status)
  SELECT $1, $2, $3, $4 FROM (SELECT count(*) FROM same) AS after_same`;

const CLOSING = `UPDATE idempotency_keys SET body = $3 WHERE user_id = $1 AND key = $2`;

const STORED = `
  SELECT fingerprint, status, body FROM idempotency_keys
  WHERE user_id = $1 AND key = $2 AND created_at >= now() - interval '24 hours'`;

/** The answer to the first request with a key. Thrown in place of doing the work again; the interceptor sends it. */
export class StoredAnswer extends Error {
  constructor(
    readonly status: number,
    /** JSON; null if the answer has no body. */
    readonly body: string | null,
  ) {
    super('the work of this request was done before');
  }
}

/** Identity of a request with a key, apart from its body. */
export interface KeyedRoute {
  key: string;
  userId: string;
  /** Method, path and query. */
  target: string;
  /** Status of the answer, if the work succeeds. */
  status: number;
}

/** The work of a request with an Idempotency-Key: done once, in one transaction that also stores the answer. */
export class KeyedWork {
  private isDone = false;
  private result: unknown;

  constructor(
    private readonly request: KeyedRequest,
    private readonly route: KeyedRoute,
  ) {}

  /** @param resume statements that follow the opening @throws Error for a second transaction of one request */
  bracket(resume: string): Bracket {
    if (this.isDone)
      throw new Error('a route that takes an Idempotency-Key may write in one transaction only');
    const { key, userId, status } = this.route;
    return {
      opening: [OPENING, [userId, key, this.fingerprint(), status]],
      resume,
      closing: (result) => [CLOSING, [userId, key, asText(result)]],
    };
  }

  /** @param result what the work returned, and what the answer must be */
  done(result: unknown): void {
    this.isDone = true;
    this.result = result;
  }

  /** Explains why the opening failed. @param read reads in the shop @returns the error to throw */
  async explain(
    cause: unknown,
    read: <T>(work: (manager: EntityManager) => Promise<T>) => Promise<T>,
  ): Promise<unknown> {
    if (sqlState(cause) === LOCK_NOT_AVAILABLE) return inFlight(cause);
    if (sqlState(cause) === NO_SUCH_TABLE)
      return new ShopNotReady({ retryAfter: RETRY_NOT_READY_SECONDS, cause });
    if (!isUniqueViolation(cause)) return cause;
    const { key, userId } = this.route;
    const [stored] = await read((manager) =>
      manager.query<{ fingerprint: string; status: number; body: string | null }[]>(STORED, [userId, key]),
    );
    if (stored === undefined) return inFlight(cause); // it has just expired
    if (stored.fingerprint !== this.fingerprint()) return new IdempotencyKeyReused({ cause });
    return new StoredAnswer(stored.status, stored.body);
  }

  /** @throws Error if the route answers with something else than what was stored for the repetition */
  assertAnswer(answer: unknown): void {
    if (this.isDone && answer !== this.result)
      throw new Error('a route that takes an Idempotency-Key must answer with what its transaction returns');
  }

  /** The body is complete when the work begins. */
  private fingerprint(): string {
    const body = this.request.bodyHash?.copy().digest('base64') ?? '';
    return createHash('sha256').update(`${this.route.target}\n${body}`).digest('base64');
  }
}

function asText(result: unknown): string | null {
  if (result === undefined) return null;
  const text = JSON.stringify(result);
  if (text.length > MAX_ANSWER) throw new IdempotentAnswerTooLarge();
  return text;
}

function inFlight(cause: unknown): AppError {
  return new IdempotencyInFlight({ retryAfter: RETRY_SECONDS, cause });
}
