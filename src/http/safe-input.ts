import { ValidationFailed } from '../common/common.errors';
import { hasControls, isReservedName } from '../common/safe-text';

const MAX_DEPTH = 12;
const MAX_VALUES = 20_000;

/**
 * Refuses input that no field can contain: control characters, lone surrogates (would be stored as U+FFFD), names that every
 * object has, and objects deeper or larger than any genuine request. Runs before validation, on the output of the parser.
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
    if (isReservedName(key)) refuse(where, `has a field named ${key.trim()}`);
    assertSafeText(key, where);
    walk(child, where, depth + 1, budget);
  }
}

function assertSafeText(text: string, where: string): void {
  if (hasControls(text)) refuse(where, 'contains a control character');
  if (!text.isWellFormed()) refuse(where, 'contains half of a surrogate pair');
}

function refuse(where: string, problem: string): never {
  throw new ValidationFailed({
    detail: `The ${where} ${problem}.`,
    errors: [{ field: where, message: problem }],
  });
}
