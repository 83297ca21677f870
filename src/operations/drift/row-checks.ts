import type { Client } from 'pg';
import { quoteIdent, quoteLiteral } from '../../database/identifiers';
import type { CheckName } from './checks';
import type { Observation } from './findings';
import { batchesWith, type Tenant } from './fleet';
import type { History } from './versions';

/** A check of the rows of each shop, which the product declares: the engine's tools know none of its tables. */
export interface RowCheck {
  check: CheckName;
  /** Tenant migration since which the check holds. */
  since: number;
  /** Columns that it reads, by table. A shop that lacks one is left out: that is a finding of its own. */
  reads: Readonly<Record<string, readonly string[]>>;
  /** SELECT of `object` and `detail`, a row for each fault. @param schema quoted */
  sql: (schema: string) => string;
}

/** Shops in a statement, which locks every table that it reads until it ends. */
const BATCH = 100;
/** Faults of one shop that are listed. */
const LISTED = 5;

/** Runs the checks in every tenant that has what they read. Reads all rows of the tables that they name. */
export async function checkRows(
  client: Client,
  tenants: readonly Tenant[],
  histories: ReadonlyMap<string, History>,
  checks: readonly RowCheck[],
): Promise<Observation[]> {
  const found: Observation[] = [];
  for (const { check, since, reads, sql } of checks) {
    let readable = tenants.filter(({ schema }) => histories.get(schema)?.versions?.includes(since) === true);
    for (const [table, columns] of Object.entries(reads)) {
      const having: Tenant[] = [];
      for await (const batch of batchesWith(client, readable, table, columns)) having.push(...batch);
      readable = having;
    }
    for (let i = 0; i < readable.length; i += BATCH) {
      const parts = readable.slice(i, i + BATCH).map(
        ({ schema }) =>
          `(SELECT ${quoteLiteral(schema)} AS schema, object, detail
            FROM (${sql(quoteIdent(schema))}) f LIMIT ${LISTED})`,
      );
      const { rows } = await client.query<Omit<Observation, 'check'>>(parts.join(' UNION ALL '));
      found.push(...rows.map((row) => ({ ...row, check })));
    }
  }
  return found;
}
