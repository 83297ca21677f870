import type { OpeningClient } from '../../database/borrowed-client';
import { quoteIdent, quoteLiteral } from '../../database/identifiers';
import { BATCH } from '../../database/schema-migrations';
import { Interrupted } from '../faults';
import type { Step } from './step-planner';
import { closeSql, openSql, type StepContext } from './step-sql';

/**
 * Changes rows in batches by the order of their key, a transaction each, so that no row is locked for long. How
 * far it came stands in `public.tenants`, written with the batch: a killed run goes on behind the last one. The
 * last batch ends the step in its own transaction, so it cannot be done and yet be done again. To undo is to write
 * the version row out; what rows were before, nobody knows.
 */
export async function runBackfill(
  client: OpeningClient,
  step: Step,
  context: StepContext,
  signal: AbortSignal,
): Promise<void> {
  if (step.direction === 'down') {
    await client.open(`${openSql(step, context)}${step.migration.down}${closeSql(step, context)}`);
    return;
  }
  for (
    let after: string | null | undefined = await readProgress(client, step, context);
    after !== undefined;
  ) {
    if (signal.aborted) throw new Interrupted();
    after = await runBatch(client, step, context, after);
  }
}

/** Key of the last row that was done; null when none was. */
async function readProgress(
  client: OpeningClient,
  step: Step,
  { shopId }: StepContext,
): Promise<string | null> {
  const { rows } = await client.query<{ after: string | null }>(
    `SELECT progress ->> 'after' AS after FROM public.tenants
     WHERE shop_id = $1 AND (progress ->> 'version')::bigint = $2`,
    [shopId, step.migration.version],
  );
  return rows[0]?.after ?? null;
}

/** @returns key of the last row of the batch; undefined when there was none behind it, and then the step is done */
async function runBatch(
  client: OpeningClient,
  step: Step,
  context: StepContext,
  after: string | null,
): Promise<string | undefined> {
  const { table, key, rows: size } = step.migration.marks.backfill!; // that is its kind
  const column = quoteIdent(key);
  const behind = after === null ? 'true' : `${column} > ${quoteLiteral(after)}`;
  await client.open(openSql(step, context));
  const { rows } = await client.query<{ key: string }>(
    `SELECT ${column}::text AS key FROM ${quoteIdent(table)} WHERE ${behind} ORDER BY ${column} OFFSET ${size - 1} LIMIT 1`,
  );
  const last = rows[0]?.key;
  const batch = `(${behind}${last === undefined ? '' : ` AND ${column} <= ${quoteLiteral(last)}`})`;
  // a statement may end in a comment, so what follows begins a line
  const sql = step.migration.statements.up.map((text) => `${text.replaceAll(BATCH, () => batch)}\n;\n`);
  const end = last === undefined ? closeSql(step, context) : progressSql(step, context, last);
  await client.open(`${sql.join('')}${end}`);
  return last;
}

function progressSql({ migration: { version } }: Step, { shopId }: StepContext, after: string): string {
  return `RESET ROLE;
    UPDATE public.tenants SET progress = ${quoteLiteral(JSON.stringify({ version, after }))}
      WHERE shop_id = '${shopId}'; COMMIT`;
}
