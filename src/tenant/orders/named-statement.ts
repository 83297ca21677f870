/**
 * An SQL statement whose values have names. It is built once; positions are given in the order of first use.
 * @param build receives the placeholder of each value by its name
 * @returns the statement and its parameters, as `query` takes them
 */
export function namedStatement<Values extends object>(
  build: (placeholders: Record<keyof Values, string>) => string,
): (values: Values) => [sql: string, parameters: unknown[]] {
  const names: PropertyKey[] = [];
  const placeholders = new Proxy({} as Record<keyof Values, string>, {
    get: (_, name) => {
      if (!names.includes(name)) names.push(name);
      return `$${names.indexOf(name) + 1}`;
    },
  });
  const sql = build(placeholders);
  return (values) => [sql, names.map((name) => values[name as keyof Values])];
}
