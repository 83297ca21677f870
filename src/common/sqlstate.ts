/**
 * SQLSTATE codes by meaning (PostgreSQL manual, appendix A). Errors are compared by these and never by
 * message or constraint name: messages are translated, and a sharded database renames constraints.
 */
export const UNIQUE_VIOLATION = '23505';
export const FOREIGN_KEY_VIOLATION = '23503';
export const INVALID_PASSWORD = '28P01';
export const INVALID_AUTHORIZATION = '28000'; // such as a role that does not exist, where no password is asked
export const NO_SUCH_DATABASE = '3D000';
export const NO_SUCH_TABLE = '42P01';
export const DENIED = '42501';
export const DUPLICATE_DATABASE = '42P04';

/** The server is away, starting, stopping or full: the same request may work in a moment. */
const UNAVAILABLE_CLASSES = ['08', '53', '57P01', '57P02', '57P03', '58'];
/** The statement lost against others: lock timeout, statement timeout, deadlock, serialization. */
const CONTENTION = new Set(['55P03', '57014', '40P01', '40001', '25P03', '57P05']);
/**
 * The tables are not those that the statement was written for: a column, table or function is missing, a result
 * has other columns than before, a value does not fit a column or constraint.
 */
const SCHEMA_MISMATCH = new Set(['42703', '42P01', '42883', '0A000', '42804', '23502', '23514']);
/** What Node reports when the socket is refused, cut or timed out. */
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
/** pg and pg-pool give these no code, only a text. */
const DRIVER_DISCONNECTS =
  /^(Connection terminated|timeout expired$|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Cannot use a pool after)/;

/** SQLSTATE (or Node error code) of an error or of the driver error inside it; undefined when it has none. */
export function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, driverError } = error as { code?: unknown; driverError?: unknown };
  if (driverError !== undefined && driverError !== error) return sqlState(driverError);
  return typeof code === 'string' ? code : undefined;
}

/** True when the database could not be reached or broke the connection off. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isDatabaseAway);
  const code = sqlState(error);
  if (code !== undefined)
    return SOCKET_ERRORS.has(code) || UNAVAILABLE_CLASSES.some((start) => code.startsWith(start));
  return error instanceof Error && DRIVER_DISCONNECTS.test(error.message);
}

/** True when a statement was given up in favour of others; nothing was changed and a retry may work. */
export function isContention(error: unknown): boolean {
  return CONTENTION.has(sqlState(error) ?? '');
}

/** True when it may be that a migration, and not the statement, is to blame. */
export function isSchemaMismatch(error: unknown): boolean {
  return SCHEMA_MISMATCH.has(sqlState(error) ?? '');
}

export function isUniqueViolation(error: unknown): boolean {
  return sqlState(error) === UNIQUE_VIOLATION;
}
