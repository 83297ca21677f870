import type { EngineClient } from '../../database/engine-client';
import { quoteIdent, quoteLiteral } from '../../database/identifiers';
import { HeldElsewhere } from '../faults';
import { tenantLockKey } from '../tenant-lock';
import type { Step } from './step-planner';
import { closeSql, enterSql, openSql, type StepContext } from './take-step';

/**
 * Lock timeout while an index is built. The build waits for all older transactions and blocks nobody meanwhile; the
 * timeout only ends a wait for a transaction that never ends. Milliseconds.
 */
const LOCK_MS = 60_000;
const STATEMENT_MS = 3_600_000;
const CREATE_INDEX =
  /^create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?("?)([a-z_][a-z0-9_]*)\1/i;
const DROP_INDEX = /^drop\s+index\s+concurrently\s+(?:if\s+exists\s+)?("?)([a-z_][a-z0-9_]*)\1/i;

/**
 * Takes a step of kind `online`: statements that PostgreSQL refuses inside a transaction. A second attempt is harmless:
 * an existing index is kept, one that a crash left invalid is dropped and rebuilt, and validating a valid constraint
 * does nothing. The version row comes last, in its own transaction, with the check of the shape.
 */
export async function runOnline(client: EngineClient, step: Step, context: StepContext): Promise<void> {
  const { placement, roles, limits } = context;
  await holdTenant(client, placement.schema);
  // Checks the history: another runner may have taken this step since the registry was read.
  await client.exec(`BEGIN; ${enterSql(step, context)} COMMIT`);
  await client.exec(`SET ROLE ${quoteIdent(roles.owner)}; SET search_path TO ${quoteIdent(placement.schema)}, pg_temp;
    SET lock_timeout = ${LOCK_MS}; SET statement_timeout = ${STATEMENT_MS}`);
  for (const sql of step.migration.statements[step.direction])
    if (!(await isDone(client, placement.schema, sql))) await client.exec(sql);
  await client.exec(
    `RESET ROLE; RESET search_path; SET lock_timeout = ${limits.lock}; RESET statement_timeout`,
  );
  await client.exec(`${openSql(step, context)}${closeSql(step, context)}`);
  await client.exec(`SELECT pg_advisory_unlock(${tenantLockKey(placement.schema)})`);
}

/** Takes the lock that `open_step` takes, for the whole session: there is no transaction to bind it to. */
async function holdTenant(client: EngineClient, schema: string): Promise<void> {
  const { rows } = await client.query<{ held: boolean }>(
    `SELECT pg_try_advisory_lock(${tenantLockKey(schema)}) AS held`,
  );
  if (!rows[0]!.held) throw new HeldElsewhere(`another runner is migrating ${schema}`); // one row
}

/** True when an earlier attempt has executed the statement. Removes an invalid index of that name. */
async function isDone(client: EngineClient, schema: string, sql: string): Promise<boolean> {
  const name = (CREATE_INDEX.exec(sql) ?? DROP_INDEX.exec(sql))?.[2]?.toLowerCase();
  if (name === undefined) return false;
  const { rows } = await client.query<{ valid: boolean }>(
    `SELECT i.indisvalid AND i.indisready AS valid FROM pg_index i
     WHERE i.indexrelid = to_regclass(${quoteLiteral(`${quoteIdent(schema)}.${quoteIdent(name)}`)})`,
  );
  if (DROP_INDEX.test(sql)) return rows.length === 0;
  if (rows[0]?.valid === false) await client.exec(`DROP INDEX CONCURRENTLY ${quoteIdent(name)}`);
  return rows[0]?.valid ?? false;
}
