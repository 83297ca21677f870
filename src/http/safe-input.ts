import { ValidationFailed } from '../common/common.errors';

const MAX_DEPTH = 12;
const MAX_VALUES = 20_000;

/**
 * Refuses input that no field can contain: NUL bytes (PostgreSQL text cannot hold them, SQLSTATE 22021), lone surrogates
 * (would be stored as U+FFFD), names that every object has (validation would drop them silently), and objects deeper or
 * larger than any genuine request. Runs before validation, on the output of the parser.
 * @throws ValidationFailed
 */
export function assertSafeInput(value: unknown, where: string): void {
  const budget = { values: MAX_VALUES };
  walk(value, where, 0, budget);
}

function walk(value: unknown, where: string, depth: number, budget: { values: number }): void {
  if (depth > MAX_DEPTH) refuse(where, `is nested deeper than ${MAX_DEPTH} levels`);
  if (--budget.values < 0) refuse(where, `holds more than ${MAX_VALUES} values`);
  if (typeof value === 'string') return assertSafeText(value, where);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    if (key in Object.prototype || key === 'prototype') refuse(where, `has a field named ${key}`);
    assertSafeText(key, where);
    walk(child, where, depth + 1, budget);
  }
}

function assertSafeText(text: string, where: string): void {
  if (text.includes('\0')) refuse(where, 'contains a NUL character');
  if (!text.isWellFormed()) refuse(where, 'contains half of a surrogate pair');
}

function refuse(where: string, problem: string): never {
  throw new ValidationFailed({
    detail: `The ${where} ${problem}.`,
    errors: [{ field: where, message: problem }],
  });
}
