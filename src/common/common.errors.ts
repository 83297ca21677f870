import { type AppError, defineError } from './app-error';

export const ValidationFailed = defineError('VALIDATION_FAILED', 400, 'The request has invalid fields.');
export const MalformedBody = defineError('MALFORMED_BODY', 400, 'The body does not match its content type.');
export const InvalidCursor = defineError('INVALID_CURSOR', 400, 'The cursor does not belong to this list.');
/** Error for what follows the name of a command. */
export const OptionInvalid = defineError(
  'OPTION_INVALID',
  400,
  'An option or argument of the command is wrong or missing.',
);
export const Unauthenticated = defineError('UNAUTHENTICATED', 401, 'A valid access token is required.');
/** Error for a resource that has none of its own, such as a new one. */
export const NotFound = defineError('NOT_FOUND', 404, 'This shop has no resource with this id.');
export const RouteNotFound = defineError('ROUTE_NOT_FOUND', 404, 'There is no such route.');
export const RequestTimeout = defineError('REQUEST_TIMEOUT', 408, 'The request did not arrive in time.');
export const PreconditionFailed = defineError(
  'PRECONDITION_FAILED',
  412,
  'The resource has changed since you read it.',
);
export const BodyTooLarge = defineError('BODY_TOO_LARGE', 413, 'The body is too large.');
export const MalformedUrl = defineError('MALFORMED_URL', 400, 'The URL cannot be decoded.');
export const UriTooLong = defineError('URI_TOO_LONG', 414, 'The URL is too long.');
export const HeadersTooLarge = defineError('HEADERS_TOO_LARGE', 431, 'The headers are too large.');
export const MalformedRequest = defineError('MALFORMED_REQUEST', 400, 'The request is not valid HTTP.');
export const UnsupportedMediaType = defineError(
  'UNSUPPORTED_MEDIA_TYPE',
  415,
  'The route does not take a body of this content type.',
);
export const ExpectationFailed = defineError(
  'EXPECTATION_FAILED',
  417,
  'The header Expect may only be 100-continue.',
);
export const RequestRefused = defineError('REQUEST_REFUSED', 400, 'The request cannot be processed.');
/** Error for a request that nobody waits for any more. Its answer reaches the log only. */
export const ClientGone = defineError('CLIENT_GONE', 499, 'The client closed the connection.');
export const InternalError = defineError('INTERNAL_ERROR', 500, 'Something went wrong on our side.');
export const DatabaseUnavailable = defineError(
  'DATABASE_UNAVAILABLE',
  503,
  'The database cannot be reached at the moment.',
);
export const Overloaded = defineError(
  'OVERLOADED',
  503,
  'The server, or the shop, has too much to do at the moment.',
);
export const TooManyRequests = defineError(
  'TOO_MANY_REQUESTS',
  429,
  'The shop has too many requests at once.',
);
export const StatementTimeout = defineError(
  'STATEMENT_TIMEOUT',
  503,
  'The request took longer than it may and was stopped.',
);
export const StorageFull = defineError(
  'STORAGE_FULL',
  503,
  'There is no storage space for the file at the moment.',
);
export const ShuttingDown = defineError('SHUTTING_DOWN', 503, 'The server is shutting down.');

/** ValidationFailed for one field of a body or query, or for one header. */
export function invalidField(field: string, message: string): AppError {
  return new ValidationFailed({ detail: message, errors: [{ field, message }] });
}

/** A request may have thousands of wrong fields, and an answer that named all would be many times as long. */
const MAX_NAMED = 50;

/** ValidationFailed for fields; it names the first of them. */
export function invalidFields(errors: readonly { field: string; message: string }[]): AppError {
  const named = errors.slice(0, MAX_NAMED);
  return new ValidationFailed({ detail: named.map(({ message }) => message).join('; '), errors: named });
}

/** @throws ValidationFailed that names these fields, if there are any */
export function assertNoErrors(errors: readonly { field: string; message: string }[]): void {
  const [first] = errors;
  if (first !== undefined) throw new ValidationFailed({ detail: first.message, errors });
}
