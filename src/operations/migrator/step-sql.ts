import { quoteLiteral } from '../../database/identifiers';
import type { Roles } from '../../database/roles';
import { VERSION_TABLE, writeDownSql } from '../../database/schema-migrations';
import { auditSql } from '../../tenancy/audit-log';
import { enterAsOwner } from '../../tenancy/provision-sql';
import type { Placement } from '../../tenancy/tenant';
import type { Step } from './step-planner';

/** Limits of one statement of a step, milliseconds. */
export interface StepLimits {
  /** For locks that others wait behind; whoever reads the table meanwhile waits so long at most. */
  lock: number;
  statement: number;
}

/** Unless the operator gives others. The lock's is how long who reads a busy table waits (docs/decisions/0015-fleet-migrator.md). */
export const STEP_LIMITS: StepLimits = { lock: 200, statement: 60_000 };

/** Tenant, run and limits of a step that is about to be taken. */
export interface StepContext {
  shopId: string;
  placement: Placement;
  roles: Roles;
  runId: string;
  limits: StepLimits;
}

/**
 * The start of every transaction of a step: limits, the tenant's lock, and a look whether it is where the index
 * says. A ROLLBACK first, for the message before on the same connection may have failed. Afterwards unqualified
 * names mean the tenant's schema, and the owner acts.
 */
export function openSql(step: Step, context: StepContext): string {
  return `ROLLBACK; BEGIN; ${enterSql(step, context)}`;
}

/**
 * The same in a transaction that is open. It does not wait for the disk: a server that crashes may lose the steps of
 * the last moment, each as a whole, and the next run takes them again. Whatever is committed durably behind a step
 * (a shop's order, the end of the run) makes the step durable too, since the log is written in order (PostgreSQL
 * manual, 28.4).
 */
export function enterSql(step: Step, { placement, roles, limits }: StepContext): string {
  return `SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = ${limits.lock}; SET LOCAL statement_timeout = ${limits.statement};
    SELECT public.open_step(${quoteLiteral(placement.schema)}, '${step.before}');
    ${enterAsOwner(placement.schema, roles.owner)}`;
}

/** Its end: the version row, the look at what became of the schema, the index, the audit log, COMMIT. */
export function closeSql(step: Step, { shopId, placement, runId }: StepContext): string {
  const { migration, version, after } = step;
  const event = { action: 'schema.migrated', actorId: null, shopId, requestId: null } as const;
  return `${writeRowSql(step)}
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

/** Writes the migration down as applied, or out again. */
export function writeRowSql({ migration, direction }: Step): string {
  if (direction === 'up') return writeDownSql(migration);
  return `DELETE FROM ${VERSION_TABLE} WHERE version = ${migration.version};`;
}
