import type { QueryRunner } from 'typeorm';
import type { EngineClient } from '../../database/engine-client';
import { quoteLiteral } from '../../database/identifiers';
import type { Roles } from '../../database/roles';
import { VERSION_TABLE, writeDownSql } from '../../database/schema-migrations';
import { auditSql } from '../../tenancy/audit-log';
import { actAsOwner } from '../../tenancy/provision-sql';
import type { Placement } from '../../tenancy/tenant';
import { failedInRun, IS_CLOSED, type RunScope } from '../../tenancy/tenant-registry';
import type { Step } from './step-planner';

/** Limits of one statement of a step, milliseconds. */
export interface StepLimits {
  /** For locks that readers queue behind: readers of the table wait at most this long. */
  lock: number;
  statement: number;
}

/** Default limits; docs/decisions/0015-fleet-migrator.md explains the lock timeout. */
export const STEP_LIMITS: StepLimits = { lock: 200, statement: 60_000 };

/** Tenant, run and limits of a step that is about to be taken. */
export interface StepContext {
  shopId: string;
  placement: Placement;
  roles: Roles;
  runId: string;
  /** Failures of the run. */
  scope: RunScope;
  limits: StepLimits;
}

/**
 * Begins every transaction of a step: limits, the tenant's advisory lock, and a check that the schema is where the
 * registry says. The ROLLBACK comes first because the message before on the same connection may have failed. After it,
 * unqualified names mean the tenant's schema, and the owner acts.
 */
export function openSql(step: Step, context: StepContext): string {
  return `ROLLBACK; BEGIN; ${enterSql(step, context)}`;
}

/**
 * Does the same in a transaction that is open. The commit does not wait for the disk: a server that crashes may lose
 * the last steps, each as a whole, and the next run takes them again. A later durable commit (a shop's order, the end
 * of the run) makes the step durable too, since the log is written in order (PostgreSQL manual, 28.4).
 */
export function enterSql(step: Step, context: StepContext): string {
  const { placement, roles, limits } = context;
  return `SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = ${limits.lock}; SET LOCAL statement_timeout = ${limits.statement};
    SELECT public.open_step(${quoteLiteral(placement.schema)}, ${expectedSql(step, context)});
    ${actAsOwner(placement.schema, roles.owner)}`;
}

/**
 * History that the tenant must have; none has this one if another runner has failed on the tenant, or an operation has
 * closed it, since its row was read. Then the step ends as with a stale registry (ST002), which costs the others nothing.
 */
function expectedSql({ before }: Step, { shopId, scope }: StepContext): string {
  const hasFailed = failedInRun(quoteLiteral(scope.since), quoteLiteral(`{${scope.runIds.join(',')}}`));
  return `CASE WHEN (SELECT ${hasFailed} OR ${IS_CLOSED} FROM public.tenants t WHERE t.shop_id = '${shopId}')
      THEN 'left out' ELSE '${before}' END`;
}

/** Ends a step: the version row, a check of the resulting shape, the registry, the audit log, COMMIT. */
export function closeSql(step: Step, { shopId, placement, runId }: StepContext): string {
  const { migration, version, after } = step;
  const event = { action: 'schema.migrated', actorId: null, shopId, requestId: null } as const;
  return `${versionRowSql(step)}
    SELECT public.expect_shape(${quoteLiteral(placement.schema)}, '${step.shape}');
    RESET ROLE;
    UPDATE public.tenants SET version = ${version}, checksum = '${after}', status = 'ready', attempts = 0,
      last_error = NULL, last_sqlstate = NULL, progress = NULL, run_id = '${runId}',
      serves_from = greatest(serves_from, ${migration.marks.contract?.since ?? 0}),
      started_at = now(), finished_at = clock_timestamp()
      WHERE shop_id = '${shopId}';
    ${auditSql({ ...event, details: { version } })}
    COMMIT`;
}

/** Inserts the migration's version row, or deletes it when the step undoes the migration. */
export function versionRowSql({ migration, direction }: Step): string {
  if (direction === 'up') return writeDownSql(migration);
  return `DELETE FROM ${VERSION_TABLE} WHERE version = ${migration.version};`;
}

/** Takes a step of kind `sql`: one transaction in one message, so nothing of it is left when it fails. */
export async function runInOneMessage(client: EngineClient, step: Step, context: StepContext): Promise<void> {
  try {
    await client.exec(`${openSql(step, context)}${step.migration[step.direction]}${closeSql(step, context)}`);
  } catch (error) {
    await client.exec('ROLLBACK').catch(() => undefined); // the connection is gone, and its transaction with it
    throw error;
  }
}

/** Takes a step of kind `code`: the file's own code decides inside the transaction. */
export async function runCode(client: EngineClient, step: Step, context: StepContext): Promise<void> {
  await client.exec(openSql(step, context));
  await runFile(client, step);
  await client.exec(closeSql(step, context));
}

/** Runs the migration class with a query runner that can only query. */
export async function runFile(client: EngineClient, { migration, direction }: Step): Promise<void> {
  const runner = {
    query: async (sql: string, parameters?: unknown[]) =>
      (await client.query(sql, parameters)).rows as unknown,
  };
  await migration.source[direction](runner as unknown as QueryRunner);
}
