/**
 * Maximum length of an identifier. PostgreSQL truncates longer ones without an error, so two names can collide
 * (PostgreSQL manual, 4.1.1).
 */
export const MAX_IDENTIFIER_BYTES = 63;

/**
 * Quotes a name for use in SQL text.
 * @throws Error for an empty name, one with a NUL, or one that PostgreSQL would truncate
 */
export function quoteIdent(name: string): string {
  if (name === '' || name.includes('\0') || Buffer.byteLength(name) > MAX_IDENTIFIER_BYTES)
    throw new Error(`not usable as an identifier: ${JSON.stringify(name)}`);
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a text as a literal, for statements that accept no parameters (ALTER ROLE, DDL). */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) throw new Error('a literal cannot hold a NUL');
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? ` E${quoted}` : quoted;
}
