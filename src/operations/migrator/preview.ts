import { adminOf, type Installation } from '../../database/installation';
import { quoteLiteral } from '../../database/identifiers';
import type { OpeningClient } from '../../database/borrowed-client';
import { TenantLocator } from '../../tenancy/tenant-locator';
import { Control } from '../control-connection';
import type { Goal } from './goal';
import { describe } from '../faults';
import { Lane } from '../reconnecting-client';
import { Pause } from '../backoff';
import { Routes, type Step } from './step-planner';
import { runCodeOf } from './take-step';
import { enterSql, openSql, STEP_LIMITS, type StepContext, writeRowSql } from './step-sql';
import { type RegisteredTenant, NO_RUN, type Selection, TenantRegistry } from './tenant-registry';

export interface TriedStep {
  name: string;
  /** Milliseconds; null for a step that cannot be tried in a transaction, and for those behind it. */
  ms: number | null;
  /** Stronger than those of a reader, by table. */
  locks: { table: string; mode: string }[];
}

export interface TriedTenant {
  shopId: string;
  slug: string | null;
  steps: TriedStep[];
  /** Null when all went well. */
  error: { sqlState: string | null; message: string } | null;
}

/** Takes some tenants, drawn by lot, along their route in one transaction each, looks, and rolls it back. */
export async function dryRun(
  installation: Installation,
  goal: Goal,
  selection: Selection,
  size: number,
): Promise<TriedTenant[]> {
  const lane = new Lane(adminOf(installation).url, 'dry run');
  const reference = new Lane(adminOf(installation).url, 'dry run reference');
  const routes = new Routes(reference, installation.roles, goal);
  const index = new TenantRegistry(
    new Control(lane, new Pause(0, () => undefined), new AbortController().signal),
    NO_RUN,
  );
  try {
    const pending = (await index.groups(selection)).filter((group) => routes.isPending(group));
    const checksums = pending
      .map(({ checksum }) => checksum)
      .filter((checksum) => routes.historyOf(checksum));
    const shopIds = await index.sample(selection, checksums, size);
    const tried: TriedTenant[] = [];
    for (const tenant of await index.page({ shopIds }, checksums, null, size))
      tried.push(await tryTenant(await lane.client(), installation, routes, tenant));
    return tried;
  } finally {
    await Promise.all([lane.reset(), reference.reset()]);
  }
}

async function tryTenant(
  client: OpeningClient,
  { roles }: Installation,
  routes: Routes,
  { shopId, slug, checksum }: RegisteredTenant,
): Promise<TriedTenant> {
  const placement = new TenantLocator().locate(shopId);
  const context: StepContext = { shopId, placement, roles, runId: NO_RUN, limits: STEP_LIMITS };
  const tried: TriedTenant = { shopId, slug, steps: [], error: null };
  try {
    const history = routes.historyOf(checksum)!; // those without were not drawn
    let isPossible = true;
    for (const step of await routes.steps(history)) {
      isPossible &&= step.migration.kind === 'sql' || step.migration.kind === 'code';
      const untried = { name: step.migration.name, ms: null, locks: [] }; // needs what was not tried before it
      const isFirst = tried.steps.length === 0;
      tried.steps.push(isPossible ? await tryStep(client, step, context, isFirst) : untried);
    }
  } catch (error) {
    tried.error = describe(error);
  }
  await client.open('ROLLBACK');
  return tried;
}

async function tryStep(
  client: OpeningClient,
  step: Step,
  context: StepContext,
  isFirst: boolean,
): Promise<TriedStep> {
  const { name, kind } = step.migration;
  const started = performance.now();
  await client.open(isFirst ? openSql(step, context) : enterSql(step, context));
  if (kind === 'code') await runCodeOf(client, step);
  else await client.open(step.migration[step.direction]);
  await client.open(`${writeRowSql(step)}
    SELECT public.expect_shape(${quoteLiteral(context.placement.schema)}, '${step.shape}')`);
  const ms = performance.now() - started;
  const { rows } = await client.query<{ table: string; mode: string }>(
    `SELECT c.relname::text AS table, string_agg(DISTINCT l.mode, ', ') AS mode FROM pg_catalog.pg_locks l
     JOIN pg_catalog.pg_class c ON c.oid = l.relation
     WHERE l.pid = pg_backend_pid() AND l.mode <> 'AccessShareLock' AND c.relkind = 'r'
       AND c.relnamespace = ${quoteLiteral(context.placement.schema)}::regnamespace GROUP BY 1 ORDER BY 1`,
  );
  await client.open('RESET ROLE');
  return { name, ms, locks: rows };
}
