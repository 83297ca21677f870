import type { OpeningClient } from '../../database/borrowed-client';
import { quoteIdent, quoteLiteral } from '../../database/identifiers';
import { HeldElsewhere } from '../faults';
import type { Step } from './step-planner';
import { closeSql, enterSql, openSql, type StepContext } from './step-sql';

/**
 * Building an index waits for every transaction that is older, and stands in nobody's way meanwhile: this lock
 * timeout only ends the wait for one that never ends. Milliseconds.
 */
const LOCK_MS = 60_000;
const STATEMENT_MS = 3_600_000;
const CREATE_INDEX =
  /^create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?("?)([a-z_][a-z0-9_]*)\1/i;
const DROP_INDEX = /^drop\s+index\s+concurrently\s+(?:if\s+exists\s+)?("?)([a-z_][a-z0-9_]*)\1/i;

/**
 * Runs statements that PostgreSQL refuses in a transaction. Each is such that a second attempt does no harm: an
 * index that is there is left alone, one that a crash left invalid is dropped and built anew; validating what is
 * valid does nothing. The version row comes last, in a transaction of its own, with the look at the shape.
 */
export async function runOnline(client: OpeningClient, step: Step, context: StepContext): Promise<void> {
  const { placement, roles, limits } = context;
  await holdTenant(client, placement.schema);
  // another runner may have taken the tenant past this step since it was read from the index
  await client.open(`BEGIN; ${enterSql(step, context)} COMMIT`);
  await client.open(`SET ROLE ${quoteIdent(roles.owner)}; SET search_path TO ${quoteIdent(placement.schema)}, pg_temp;
    SET lock_timeout = ${LOCK_MS}; SET statement_timeout = ${STATEMENT_MS}`);
  for (const sql of step.migration.statements[step.direction])
    if (!(await isDone(client, placement.schema, sql))) await client.open(sql);
  await client.open(
    `RESET ROLE; RESET search_path; SET lock_timeout = ${limits.lock}; RESET statement_timeout`,
  );
  await client.open(`${openSql(step, context)}${closeSql(step, context)}`);
  await client.open(`SELECT pg_advisory_unlock(${lockKey(placement.schema)})`);
}

/** The same lock as `open_step` takes, for the session: there is no transaction to bind it to. */
async function holdTenant(client: OpeningClient, schema: string): Promise<void> {
  const { rows } = await client.query<{ held: boolean }>(
    `SELECT pg_try_advisory_lock(${lockKey(schema)}) AS held`,
  );
  if (!rows[0]!.held) throw new HeldElsewhere(`another runner migrates ${schema}`); // one row
}

function lockKey(schema: string): string {
  return `hashtextextended(${quoteLiteral(`migrate ${schema}`)}, 0)`;
}

/** Whether an attempt before has done it. An invalid index of that name is removed. */
async function isDone(client: OpeningClient, schema: string, sql: string): Promise<boolean> {
  const name = (CREATE_INDEX.exec(sql) ?? DROP_INDEX.exec(sql))?.[2]?.toLowerCase();
  if (name === undefined) return false;
  const { rows } = await client.query<{ valid: boolean }>(
    `SELECT i.indisvalid AND i.indisready AS valid FROM pg_index i
     WHERE i.indexrelid = to_regclass(${quoteLiteral(`${quoteIdent(schema)}.${quoteIdent(name)}`)})`,
  );
  if (DROP_INDEX.test(sql)) return rows.length === 0;
  if (rows[0]?.valid === false) await client.open(`DROP INDEX CONCURRENTLY ${quoteIdent(name)}`);
  return rows[0]?.valid ?? false;
}
