import { inspect } from 'node:util';
import { AppError } from './app-error';

/** An error that an operator can act on: its message is enough, a stack would only hide it. */
export class OperatorError extends Error {}

/**
 * What a command or a start that failed says on standard error. A line for what has a code (of the system, of
 * PostgreSQL, of ours) or is an OperatorError; the stack for what nobody foresaw.
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

/** Unless the message says it already; an empty one adds nothing either. */
function becauseOf({ message, cause }: Error): string[] {
  return cause instanceof Error && !message.includes(cause.message) ? [`  because: ${cause.message}`] : [];
}
