import { assertNoErrors } from '../common/common.errors';

/** Options of a field that a PATCH takes because a GET shows it, and cannot change: `assertUnchanged` refuses other values. */
export const UNCHANGED = { optional: true, description: 'Accepted only with the value that a GET shows.' };

/**
 * Refuses fields that a PATCH cannot change, unless they have the values that a GET shows.
 * @param sent these fields of the request
 * @throws ValidationFailed, which names each
 */
export function assertUnchanged<T extends object>(shown: T, sent: Partial<T>): void {
  const errors = Object.entries(sent)
    .filter(([field, value]) => value !== undefined && value !== shown[field as keyof T])
    .map(([field]) => ({ field, message: `${field} cannot be changed` }));
  assertNoErrors(errors);
}
