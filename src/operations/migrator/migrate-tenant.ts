import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../../common/report';
import type { Roles } from '../../database/roles';
import type { Migration } from '../../database/schema-migrations';
import type { TenantLocator } from '../../tenancy/tenant-locator';
import { describe, faultOf, Interrupted, isDisconnected } from '../faults';
import { type History, placeOf } from '../../tenancy/migration-history';
import type { Lane } from '../reconnecting-client';
import type { Outcomes } from './outcomes';
import type { Pause } from '../backoff';
import type { Routes } from './step-planner';
import type { StepLimits } from './step-sql';
import { type Lanes, takeStep } from './take-step';
import { type RegisteredTenant, readHistory, type TenantRegistry } from './tenant-registry';

/** Tries for a lock in one go, with a pause between of 50 to 300 ms; then the tenant is put off. */
const LOCK_TRIES = 3;
/** Times that a tenant meets trouble of the server with nobody left to tell by whether it is the tenant's alone. */
const ALONE_TRIES = 3;
/** Times that an index may turn out stale while one tenant is worked on. */
const STALE_TRIES = 3;

/** What the workers of a run share. */
export interface RunContext {
  roles: Roles;
  runId: string;
  limits: StepLimits;
  migrations: readonly Migration[];
  locator: TenantLocator;
  index: TenantRegistry;
  outcomes: Outcomes;
  pause: Pause;
  signal: AbortSignal;
  routes: Routes;
  /** Tenants that met trouble of the server again while others succeeded: nobody waits for them any more. */
  putOff: Set<string>;
  /** Tenants of this pass that no worker has in hand yet. */
  waiting: number;
}

/**
 * Brings one tenant to the end of its route, or says in the index why not.
 * @throws OperatorError, which concerns all tenants; the server's trouble when it lasts too long
 */
export async function migrateTenant(run: RunContext, lanes: Lanes, tenant: RegisteredTenant): Promise<void> {
  const tries = { lock: 0, stale: 0, alone: 0, succeeded: Number.POSITIVE_INFINITY };
  let at = '';
  const onStep = (name: string) => (at = `${name}: `);
  for (let { checksum } = tenant; !run.signal.aborted;) {
    await run.pause.wait(run.signal);
    try {
      if (await goAlong(run, lanes, { ...tenant, checksum }, onStep)) run.outcomes.succeed();
      return run.pause.succeed();
    } catch (error) {
      if (error instanceof OperatorError) throw error;
      if (error instanceof Interrupted) return;
      const fault = faultOf(error);
      if (fault === 'elsewhere') return; // the next pass will see what became of it
      if (fault === 'stale' && ++tries.stale <= STALE_TRIES)
        checksum = ''; // so it is read from the schema
      else if (fault === 'busy') {
        if (++tries.lock === LOCK_TRIES) return mark(run, tenant, 'deferred', error, at);
        await sleep(50 + Math.random() * 250);
      } else if (fault === 'server') {
        // not without need: another worker's step may be in flight on the shared one
        const isGone = isDisconnected(error);
        if (isGone) await Promise.all([lanes.shared.reset(), lanes.own.reset()]);
        const isLeftAlone = !isGone && run.waiting <= 0 && ++tries.alone === ALONE_TRIES;
        if (isLeftAlone || run.outcomes.migrated > tries.succeeded) run.putOff.add(tenant.shopId);
        if (run.putOff.has(tenant.shopId)) return mark(run, tenant, 'deferred', error, at);
        tries.succeeded = run.outcomes.migrated;
        run.pause.report(error);
      } else return fail(run, tenant, error, at);
    }
  }
}

/** @returns whether there was anything to do */
async function goAlong(
  run: RunContext,
  lanes: Lanes,
  tenant: RegisteredTenant,
  onStep: (name: string) => void,
): Promise<boolean> {
  const { roles, runId, limits, migrations } = run;
  const placement = run.locator.locate(tenant.shopId);
  const known = run.routes.historyOf(tenant.checksum);
  const history = known ?? (await truth(lanes.own, tenant.shopId, placement, roles, migrations));
  if (known === undefined && !run.routes.isPending(placeOf(history))) return false; // a newer program was here
  const steps = await run.routes.steps(history);
  if (known === undefined && steps.some(({ migration }) => migration.marks.contract !== undefined))
    return false; // the next pass, which knows its history now, announces it first
  const context = { shopId: tenant.shopId, placement, roles, runId, limits };
  for (const step of steps) {
    if (run.signal.aborted) throw new Interrupted();
    onStep(step.migration.name);
    await takeStep(lanes, step, context, run.signal);
  }
  return steps.length > 0;
}

async function truth(lane: Lane, ...rest: TailOf<typeof readHistory>): Promise<History> {
  try {
    return await readHistory(await lane.client(), ...rest);
  } catch (error) {
    await lane.reset();
    throw error;
  }
}

type TailOf<F extends (...args: never[]) => unknown> =
  Parameters<F> extends [unknown, ...infer Tail] ? Tail : never;

async function fail(run: RunContext, tenant: RegisteredTenant, error: unknown, at: string): Promise<void> {
  run.outcomes.fail(tenant, error, at);
  await mark(run, tenant, 'failed', error, at);
}

function mark(
  { index, routes }: RunContext,
  { shopId }: RegisteredTenant,
  status: 'deferred' | 'failed',
  error: unknown,
  at: string,
): Promise<void> {
  const { message, sqlState } = describe(error);
  return index.mark(shopId, status, { message: at + message, sqlState }, routes.targetChecksum);
}
