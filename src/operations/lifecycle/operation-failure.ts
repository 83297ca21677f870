import { AppError, errorCatalogue } from '../../common/app-error';
import { codeOf } from '../../common/report';
import { TargetError } from '../../files/targets.errors';
import { describeError } from '../faults';
import type { OperationFailure } from './operation.entity';
import { Cancelled } from './operation-kind';

const SERVER_ERROR = 500;

/** Code of the failure of an operation that was cancelled. */
export const CANCELLED = 'CANCELLED';

/** The failure, as it is stored and shown. */
export function failureOf(error: unknown): OperationFailure {
  const { message } = describeError(error);
  if (error instanceof Cancelled) return { message, code: CANCELLED };
  const code = codeOf(error);
  if (error instanceof TargetError) return { message: error.text, code };
  const errors = error instanceof AppError ? error.details.errors : undefined;
  return { message, code, ...(errors !== undefined && { errors }) };
}

/** True if a repetition would fail in the same way: it was cancelled, or refused for what it is. */
export function isFinalFailure({ code }: OperationFailure): boolean {
  if (code === CANCELLED) return true;
  return errorCatalogue().some((known) => known.code === code && known.status < SERVER_ERROR);
}

/** Message of a failure whose undo failed too. */
export function withUndo(message: string, undoing: string): string {
  const why = undoing === message ? 'for the same reason.' : `because: ${undoing}`;
  return `${message.replace(/\.$/, '')}; what it left could not be removed, ${why}`;
}
