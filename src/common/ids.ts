import { MAX, NIL, v7, validate } from 'uuid';

/**
 * Returns a new UUIDv7 (RFC 9562), by which rows sort by time of creation. Made here because PostgreSQL has `uuidv7()`
 * only since version 18.
 */
export function newId(): string {
  return v7();
}

/** Smallest id of a moment, in milliseconds since 1970. */
export function idAt(msecs: number): string {
  return v7({ msecs, seq: 0, random: new Uint8Array(16) });
}

export function isId(text: unknown): text is string {
  return typeof text === 'string' && validate(text);
}

/** Stands for an id in examples. */
export const PLACEHOLDER_ID = '0198c0de-0000-7000-8000-000000000000';

/** Sorts after every id that `newId` returns. */
export const LAST_ID = MAX;

/** Sorts before every id that `newId` returns. */
export const FIRST_ID = NIL;
