import type { EngineClient } from '../../database/engine-client';
import { quoteLiteral } from '../../database/identifiers';
import { adminOf, type Installation } from '../../database/installation';
import { TenantLocator } from '../../tenancy/tenant-locator';
import {
  NO_FAILURES,
  NO_RUN,
  type RegisteredTenant,
  TenantRegistry,
  type TenantSelection,
} from '../../tenancy/tenant-registry';
import { impatientConnection } from '../control-connection';
import { assertFilesUnchanged } from '../edited-files';
import { describeError } from '../faults';
import { assertInstalled } from '../installed';
import { ReconnectingClient } from '../reconnecting-client';
import type { MigrationTarget } from './run-options';
import { type Step, StepPlanner } from './step-planner';
import { enterSql, openSql, runFile, STEP_LIMITS, type StepContext, versionRowSql } from './take-step';

export interface PlannedStep {
  name: string;
  kind: string;
  direction: 'up' | 'down';
  sql: readonly string[];
}

/** Plan of a run, computed without changing anything. */
export interface MigrationPlan {
  target: number;
  /** Tenants by version. `steps` is null for a history that this program does not produce: a run reads it first. */
  groups: { version: number; tenants: number; steps: string[] | null }[];
  /** Every step once, in order. */
  steps: PlannedStep[];
}

export interface TriedStep {
  name: string;
  /** Milliseconds; null for a step that cannot be tried in a transaction, and for those after it. */
  ms: number | null;
  /** Locks stronger than a reader's, by table. */
  locks: { table: string; mode: string }[];
}

export interface TriedTenant {
  shopId: string;
  slug: string | null;
  steps: TriedStep[];
  /** Null on success. */
  error: { sqlState: string | null; message: string } | null;
}

/** Plans a run. @throws OperatorError naming a file that was edited after it was applied; for a database older than the program */
export function planRun(
  installation: Installation,
  target: MigrationTarget,
  selection: TenantSelection,
): Promise<MigrationPlan> {
  return withPlanner(installation, target, async (planner, registry, reference) => {
    const all = await registry.groups(selection);
    await assertFilesUnchanged(await reference.client(), target.known);
    const plan: MigrationPlan = { target: planner.targetVersion, groups: [], steps: [] };
    for (const { version, tenants, checksum } of all.filter((group) => planner.isPending(group))) {
      const history = planner.historyOf(checksum);
      const steps = history === undefined ? null : await planner.stepsFrom(history);
      plan.groups.push({ version, tenants, steps: steps && steps.map(({ migration }) => migration.name) });
      for (const { migration, direction } of steps ?? []) {
        const { name, kind, statements } = migration;
        if (!plan.steps.some((step) => step.name === name))
          plan.steps.push({ name, kind, direction, sql: statements[direction] });
      }
    }
    plan.steps.sort((a, b) => (a.name < b.name ? -1 : 1));
    return plan;
  });
}

/** Takes `size` random tenants through their steps, each in one transaction, measures, and rolls back. */
export function dryRun(
  installation: Installation,
  target: MigrationTarget,
  selection: TenantSelection,
  size: number,
): Promise<TriedTenant[]> {
  return withPlanner(installation, target, async (planner, registry) => {
    const pending = (await registry.groups(selection)).filter((group) => planner.isPending(group));
    const checksums = pending
      .map(({ checksum }) => checksum)
      .filter((checksum) => planner.historyOf(checksum));
    const shopIds = await registry.sample(selection, checksums, size);
    const connection = new ReconnectingClient(adminOf(installation).url, 'dry run');
    try {
      const tried: TriedTenant[] = [];
      for (const tenant of await registry.page({ shopIds }, checksums, null, size))
        tried.push(await tryTenant(await connection.client(), installation, planner, tenant));
      return tried;
    } finally {
      await connection.reset();
    }
  });
}

async function withPlanner<T>(
  installation: Installation,
  target: MigrationTarget,
  work: (planner: StepPlanner, registry: TenantRegistry, reference: ReconnectingClient) => Promise<T>,
): Promise<T> {
  const control = impatientConnection(installation, 'migration preview');
  const reference = new ReconnectingClient(adminOf(installation).url, 'migration preview reference');
  try {
    await assertInstalled(await reference.client());
    const planner = new StepPlanner(reference, installation.roles, target);
    return await work(planner, new TenantRegistry(control), reference);
  } finally {
    await Promise.all([control.close(), reference.reset()]);
  }
}

async function tryTenant(
  client: EngineClient,
  { roles }: Installation,
  planner: StepPlanner,
  { shopId, slug, checksum }: RegisteredTenant,
): Promise<TriedTenant> {
  const placement = new TenantLocator().locate(shopId);
  const run = { runId: NO_RUN, scope: NO_FAILURES, limits: STEP_LIMITS };
  const context: StepContext = { shopId, placement, roles, ...run };
  const tried: TriedTenant = { shopId, slug, steps: [], error: null };
  try {
    const history = planner.historyOf(checksum)!; // tenants without one were not drawn
    let isPossible = true;
    for (const step of await planner.stepsFrom(history)) {
      isPossible &&= step.migration.kind === 'sql' || step.migration.kind === 'code';
      const untried = { name: step.migration.name, ms: null, locks: [] }; // needs a step before it that was not tried
      const isFirst = tried.steps.length === 0;
      tried.steps.push(isPossible ? await tryStep(client, step, context, isFirst) : untried);
    }
  } catch (error) {
    tried.error = describeError(error);
  }
  await client.exec('ROLLBACK');
  return tried;
}

async function tryStep(
  client: EngineClient,
  step: Step,
  context: StepContext,
  isFirst: boolean,
): Promise<TriedStep> {
  const { name, kind } = step.migration;
  const started = performance.now();
  await client.exec(isFirst ? openSql(step, context) : enterSql(step, context));
  if (kind === 'code') await runFile(client, step);
  else await client.exec(step.migration[step.direction]);
  await client.exec(`${versionRowSql(step)}
    SELECT public.expect_shape(${quoteLiteral(context.placement.schema)}, '${step.shape}')`);
  const ms = performance.now() - started;
  const { rows } = await client.query<{ table: string; mode: string }>(
    `SELECT c.relname::text AS table, string_agg(DISTINCT l.mode, ', ') AS mode FROM pg_catalog.pg_locks l
     JOIN pg_catalog.pg_class c ON c.oid = l.relation
     WHERE l.pid = pg_backend_pid() AND l.mode <> 'AccessShareLock' AND c.relkind = 'r'
       AND c.relnamespace = ${quoteLiteral(context.placement.schema)}::regnamespace GROUP BY 1 ORDER BY 1`,
  );
  await client.exec('RESET ROLE');
  return { name, ms, locks: rows };
}
