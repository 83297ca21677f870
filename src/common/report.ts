import { inspect } from 'node:util';
import { AppError } from './app-error';
import { InternalError } from './common.errors';
import { sqlState } from './sqlstate';

/** Code of an OperatorError that has none of its own. */
export const OPERATOR_ERROR = 'OPERATOR_ERROR';

/** An error that an operator can act on: its message is enough, a stack would only obscure it. */
export class OperatorError extends Error {}

/**
 * Formats the failure of a command or a start for standard error. An OperatorError, or an error with a code (of the system,
 * of PostgreSQL, of ours), is one line; an unexpected error has its stack.
 */
export function reportOf(error: unknown): string {
  if (error instanceof OperatorError) return [error.message, ...becauseOf(error)].join('\n');
  if (error instanceof AppError)
    return [`${error.kind.code}: ${error.message}`, ...becauseOf(error)].join('\n');
  if (error instanceof AggregateError && error.errors.length > 0) return reportOf(error.errors[0]);
  if (error instanceof Error && 'code' in error) {
    const code = String(error.code);
    return error.message.includes(code) ? error.message : `${error.message} (${code})`;
  }
  return inspect(error); // with its causes
}

/**
 * Code of a failure for machines, which never changes: of ours, of PostgreSQL or of the system; `OPERATOR_ERROR` for what an
 * operator can correct, and `INTERNAL_ERROR` for the rest.
 */
export function codeOf(error: unknown): string {
  if (error instanceof AppError) return error.kind.code;
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return sqlState(error) ?? (error instanceof OperatorError ? OPERATOR_ERROR : InternalError.kind.code);
}

/** Omits a cause that is empty or already part of the message. */
function becauseOf({ message, cause }: Error): string[] {
  return cause instanceof Error && !message.includes(cause.message) ? [`  because: ${cause.message}`] : [];
}
