import type { AppError } from './app-error';
import { ValidationFailed } from './common.errors';

/** The error of a request of which one field is invalid. */
export function invalidField(field: string, message: string): AppError {
  return new ValidationFailed({ detail: message, errors: [{ field, message }] });
}
