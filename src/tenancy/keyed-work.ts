import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { AppError } from '../common/app-error';
import type { KeyedRequest } from '../common/idempotency-key';
import {
  isUniqueViolation,
  LOCK_NOT_AVAILABLE,
  NO_SUCH_TABLE,
  READ_ONLY_TRANSACTION,
  sqlState,
} from '../common/sqlstate';
import { lockTimeout } from '../database/lock-timeout';
import { type Bracket, OpeningFailed } from '../database/lease';
import {
  IdempotencyInFlight,
  IdempotencyKeyReused,
  IdempotentAnswerErased,
  IdempotentAnswerTooLarge,
  ShopNotReady,
} from './tenancy.errors';

/**
 * How long a request waits for another one with the same key, milliseconds: hardly, because it is refused then, but longer
 * than VACUUM keeps a table that others wait for while it cuts off its end (it looks every 20 ms).
 */
const KEY_WAIT_MS = 100;
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

/** Removes keys that are free again, the oldest first. @returns how many */
export async function removeExpiredKeys(manager: EntityManager, limit: number): Promise<number> {
  const [rows] = await manager.query<[unknown[], number]>(
    `DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM idempotency_keys WHERE created_at < now() - interval '24 hours'
       ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING 1`,
    [limit],
  );
  return rows.length;
}

/** Status of an answer that was erased: its key stays, so that the work is not done again. */
const ERASED = 410;

/**
 * Erases the stored answers that name a row of the shop. Call it last in a transaction that erases a person: those who add
 * the person to an answer must have been waited for.
 */
export async function eraseAnswers(manager: EntityManager, id: string): Promise<void> {
  await manager.query(
    `UPDATE idempotency_keys SET body = NULL, status = ${ERASED} WHERE body LIKE '%' || $1 || '%'`,
    [id],
  );
}

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

type Work<T> = (manager: EntityManager) => Promise<T>;

/** The schema that has a table `idempotency_keys`: a shop, or `public`. */
export interface KeyPlace {
  /** Longest wait of the work for a lock, milliseconds; default: that of the session. */
  lockMs?: number;
  transaction<T>(work: Work<T>, bracket?: Bracket): Promise<T>;
  run<T>(work: Work<T>): Promise<T>;
}

/** The work of a request with an Idempotency-Key: done once, in one transaction that also stores the answer. */
export class KeyedWork {
  private isDone = false;
  private scope = '';
  private result: unknown;

  constructor(
    private readonly request: KeyedRequest,
    private readonly route: KeyedRoute,
  ) {}

  /**
   * Does the work in one transaction, which also stores the key and the answer.
   * @param scope belongs to the request as its path does
   * @throws the error of the work; StoredAnswer or IdempotentAnswerErased when it was done before; IdempotencyInFlight,
   *   IdempotencyKeyReused, IdempotentAnswerTooLarge; ShopNotReady while there is no table for keys; Error for a second
   *   transaction of one request
   */
  async once<T>(place: KeyPlace, work: Work<T>, scope = ''): Promise<T> {
    this.scope = scope;
    try {
      this.result = await place.transaction(work, this.bracket(place.lockMs));
      this.isDone = true;
      return this.result as T;
    } catch (error) {
      if (!(error instanceof OpeningFailed)) throw error;
      throw await this.explain(error.cause, place);
    }
  }

  /** @throws Error if the route answers with something else than what was stored for the repetition */
  assertAnswer(answer: unknown): void {
    if (this.isDone && answer !== this.result)
      throw new Error('a route that takes an Idempotency-Key must answer with what its transaction returns');
  }

  private bracket(lockMs: number | 'DEFAULT' = 'DEFAULT'): Bracket {
    if (this.isDone)
      throw new Error('a route that takes an Idempotency-Key may write in one transaction only');
    const { key, userId, status } = this.route;
    return {
      prepare: lockTimeout(KEY_WAIT_MS),
      opening: [OPENING, [userId, key, this.fingerprint(), status]],
      resume: lockTimeout(lockMs),
      closing: (result) => [CLOSING, [userId, key, asText(result)]],
    };
  }

  /** Explains why the opening failed. @returns the error to throw */
  private async explain(cause: unknown, place: KeyPlace): Promise<unknown> {
    if (sqlState(cause) === LOCK_NOT_AVAILABLE) return inFlight(cause);
    if (sqlState(cause) === NO_SUCH_TABLE)
      return new ShopNotReady({ retryAfter: RETRY_NOT_READY_SECONDS, cause });
    const isReadOnly = sqlState(cause) === READ_ONLY_TRANSACTION; // work that was done before still has its answer
    if (!isReadOnly && !isUniqueViolation(cause)) return cause;
    const { key, userId } = this.route;
    const [stored] = await place.run((manager) =>
      manager.query<{ fingerprint: string; status: number; body: string | null }[]>(STORED, [userId, key]),
    );
    if (stored === undefined) return isReadOnly ? cause : inFlight(cause); // it has just expired
    if (stored.fingerprint !== this.fingerprint()) return new IdempotencyKeyReused({ cause });
    if (stored.status === ERASED) return new IdempotentAnswerErased({ cause });
    return new StoredAnswer(stored.status, stored.body);
  }

  /** The body is complete when the work begins. */
  private fingerprint(): string {
    const body = this.request.bodyHash?.copy().digest('base64') ?? '';
    return createHash('sha256').update(`${this.route.target}${this.scope}\n${body}`).digest('base64');
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
