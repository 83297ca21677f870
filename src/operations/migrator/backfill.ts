import type { EngineClient } from '../../database/engine-client';
import { quoteIdent, quoteLiteral } from '../../database/identifiers';
import { BATCH } from '../../database/schema-migrations';
import { Interrupted } from '../faults';
import type { Step } from './step-planner';
import { closeSql, openSql, type StepContext } from './take-step';

/**
 * Takes a step of kind `backfill`: changes rows in batches in the order of their key, one transaction each, so that no
 * row is locked for long. Each batch writes the progress into `public.tenants`; a killed run continues after the last
 * batch. The last batch ends the step in its own transaction, so the step cannot be done twice. Undoing only deletes
 * the version row: the earlier values of the rows are not known.
 */
export async function runBackfill(
  client: EngineClient,
  step: Step,
  context: StepContext,
  signal: AbortSignal,
): Promise<void> {
  if (step.direction === 'down') {
    await client.exec(`${openSql(step, context)}${step.migration.down}${closeSql(step, context)}`);
    return;
  }
  let after: string | null | undefined = await readProgress(client, step, context);
  while (after !== undefined) {
    if (signal.aborted) throw new Interrupted();
    after = await runBatch(client, step, context, after);
  }
}

/** Key of the last row that was changed; null when none was. */
async function readProgress(
  client: EngineClient,
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

/** @returns key of the batch's last row; undefined when no row follows it, and the step is complete */
async function runBatch(
  client: EngineClient,
  step: Step,
  context: StepContext,
  after: string | null,
): Promise<string | undefined> {
  const { table, key, rows: size } = step.migration.marks.backfill!; // its kind says so
  const column = quoteIdent(key);
  const behind = after === null ? 'true' : `${column} > ${quoteLiteral(after)}`;
  await client.exec(openSql(step, context));
  const { rows } = await client.query<{ key: string }>(
    `SELECT ${column}::text AS key FROM ${quoteIdent(table)} WHERE ${behind} ORDER BY ${column} OFFSET ${size - 1} LIMIT 1`,
  );
  const last = rows[0]?.key;
  const batch = `(${behind}${last === undefined ? '' : ` AND ${column} <= ${quoteLiteral(last)}`})`;
  // A statement may end in a comment, so the separator begins a line.
  const sql = step.migration.statements.up.map((text) => `${text.replaceAll(BATCH, () => batch)}\n;\n`);
  const end = last === undefined ? closeSql(step, context) : progressSql(step, context, last);
  await client.exec(`${sql.join('')}${end}`);
  return last;
}

function progressSql({ migration: { version } }: Step, { shopId }: StepContext, after: string): string {
  return `RESET ROLE;
    UPDATE public.tenants SET progress = ${quoteLiteral(JSON.stringify({ version, after }))}
      WHERE shop_id = '${shopId}'; COMMIT`;
}
