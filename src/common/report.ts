import { inspect } from 'node:util';
import { AppError } from './app-error';

/** An error that an operator can act on: its message is enough, a stack would only hide it. */
export class OperatorError extends Error {}

/** What a command or a start that failed says on standard error. */
export function reportOf(error: unknown): string {
  if (error instanceof OperatorError) return error.message;
  if (error instanceof AppError) return `${error.kind.code}: ${error.message}`;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return error.message;
  return inspect(error); // with its causes
}
