/**
 * SQLSTATE codes by meaning (PostgreSQL manual, appendix A). Errors are compared by these, never by message or constraint
 * name: messages are translated, and a sharded database renames constraints.
 */
export const UNIQUE_VIOLATION = '23505';
export const FOREIGN_KEY_VIOLATION = '23503';
export const CHECK_VIOLATION = '23514';
export const READ_ONLY_TRANSACTION = '25006';
export const INVALID_PASSWORD = '28P01';
export const INVALID_AUTHORIZATION = '28000'; // such as a role that does not exist, where no password is required
export const NO_SUCH_DATABASE = '3D000';
export const NO_SUCH_TABLE = '42P01';
export const DENIED = '42501';
export const DUPLICATE_DATABASE = '42P04';
export const DEPENDENTS_EXIST = '2BP01'; // DROP of something that other objects need
export const LOCK_NOT_AVAILABLE = '55P03'; // lock_timeout
export const STATEMENT_CANCELLED = '57014'; // statement_timeout

/** The server is unreachable, starting, stopping or full, or has closed a connection that idled; the same request may soon succeed. */
const UNAVAILABLE_CLASSES = ['08', '53', '57P01', '57P02', '57P03', '57P05', '25P03', '58'];
/** The statement gave way to others: lock timeout, statement timeout, deadlock, serialization failure. */
const CONTENTION = new Set([LOCK_NOT_AVAILABLE, STATEMENT_CANCELLED, '40P01', '40001']);
/**
 * The schema is not the one that the statement was written for: a column, table or function is missing, a result has
 * other columns than before, a value does not fit a column or constraint.
 */
const SCHEMA_MISMATCH = new Set(['42703', '42P01', '42883', '0A000', '42804', '23502', '23514']);
/** Node's codes for a socket that is refused, cut or timed out. */
const SOCKET_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** Errors to which pg and pg-pool give a message but no code. */
const DRIVER_DISCONNECTS =
  /^(Connection terminated|timeout expired$|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Cannot use a pool after)/;

/** Returns the SQLSTATE (or Node's code) of an error or of the driver error inside it; undefined if it has none. */
export function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, driverError } = error as { code?: unknown; driverError?: unknown };
  if (driverError !== undefined && driverError !== error) return sqlState(driverError);
  return typeof code === 'string' ? code : undefined;
}

/** True if the database could not be reached or closed the connection. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isDatabaseAway);
  const code = sqlState(error);
  if (code !== undefined)
    return SOCKET_ERRORS.has(code) || UNAVAILABLE_CLASSES.some((start) => code.startsWith(start));
  return error instanceof Error && DRIVER_DISCONNECTS.test(error.message);
}

/** True if a statement was aborted in favour of others; nothing was changed and a retry may succeed. */
export function isContention(error: unknown): boolean {
  return CONTENTION.has(sqlState(error) ?? '');
}

/** True if PostgreSQL refused a value: it has the wrong form, or a constraint forbids it. */
export function isRefusedValue(error: unknown): boolean {
  return /^2[23]...$/.test(sqlState(error) ?? '');
}

/** True if the cause may be a migration rather than the statement. */
export function isSchemaMismatch(error: unknown): boolean {
  return SCHEMA_MISMATCH.has(sqlState(error) ?? '');
}

export function isUniqueViolation(error: unknown): boolean {
  return sqlState(error) === UNIQUE_VIOLATION;
}
