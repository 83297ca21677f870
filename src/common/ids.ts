import { MAX, v7, validate } from 'uuid';

/**
 * A new UUIDv7 (RFC 9562). Made here rather than by the database so that PostgreSQL 15 serves too, and so that
 * rows sort by time of creation.
 */
export function newId(): string {
  return v7();
}

export function isId(text: unknown): text is string {
  return typeof text === 'string' && validate(text);
}

/** Sorts after every id that is made. */
export const LAST_ID = MAX;
