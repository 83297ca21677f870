/**
 * PostgreSQL cuts identifiers at 63 bytes without an error, so two long names can become one
 * (PostgreSQL manual, 4.1.1). Ours are refused instead.
 */
export const MAX_IDENTIFIER_BYTES = 63;

/**
 * Quotes a name for use in SQL text.
 * @throws Error for an empty name, one with a NUL, or one that PostgreSQL would cut
 */
export function quoteIdent(name: string): string {
  if (name === '' || name.includes('\0') || Buffer.byteLength(name) > MAX_IDENTIFIER_BYTES)
    throw new Error(`not usable as an identifier: ${JSON.stringify(name)}`);
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a text as a literal, for the statements that take no parameters (ALTER ROLE, DDL). */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) throw new Error('a literal cannot hold a NUL');
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? ` E${quoted}` : quoted;
}
