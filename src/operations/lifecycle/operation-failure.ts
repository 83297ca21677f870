import { AppError } from '../../common/app-error';
import { describeError } from '../faults';
import type { OperationFailure } from './operation.entity';
import { Cancelled } from './operation-kind';
import { TargetError } from '../../files/targets.errors';

/** Code of the failure of an operation that was cancelled. */
export const CANCELLED = 'CANCELLED';

/** The failure, as it is stored and shown. */
export function failureOf(error: unknown): OperationFailure {
  const { message, sqlState } = describeError(error);
  if (error instanceof Cancelled) return { message, code: CANCELLED };
  if (error instanceof TargetError) return { message: error.text, code: error.code };
  if (!(error instanceof AppError)) return { message, code: sqlState };
  const { errors } = error.details;
  return { message, code: error.kind.code, ...(errors !== undefined && { errors }) };
}

/** Message of a failure whose undo failed too. */
export function withUndo(message: string, undoing: string): string {
  const why = undoing === message ? 'for the same reason.' : `because: ${undoing}`;
  return `${message.replace(/\.$/, '')}; what it left could not be removed, ${why}`;
}
