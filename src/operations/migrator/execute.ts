import { newId } from '../../common/ids';
import { adminOf, type Installation } from '../../database/installation';
import { TenantLocator } from '../../tenancy/tenant-locator';
import { announceContracts } from './announce-contracts';
import { Control } from '../control-connection';
import { faultOf } from '../faults';
import { FleetRun } from './fleet-run';
import type { Goal } from './goal';
import { Lane } from '../reconnecting-client';
import { Outcomes } from './outcomes';
import { Pause } from '../backoff';
import { Routes } from './step-planner';
import { defaultBudget, defaultConcurrency, type RunOptions, type RunSummary } from './run-options';
import { RunRecord } from './run-record';
import { STEP_LIMITS } from './step-sql';
import { TenantRegistry, type UnmigratedTenant } from './tenant-registry';
import type { RunContext } from './migrate-tenant';

const PATIENCE_MS = 120_000;
const PAUSE_LIMIT_MS = 600_000;
/** Busy tenants that are named one by one. */
const NAMED = 1000;

/** @see TenantMigrator.run */
export async function execute(
  installation: Installation,
  goal: Goal,
  options: RunOptions,
): Promise<RunSummary> {
  const lanes: Lane[] = [];
  const laneOf = (name: string) => {
    const lane = new Lane(adminOf(installation).url, name);
    lanes.push(lane);
    return lane;
  };
  try {
    return await new Execution(installation, goal, options, laneOf).run();
  } finally {
    await Promise.all(lanes.map((lane) => lane.reset()));
  }
}

/** One run, put together. */
class Execution {
  private readonly runId = newId();
  private readonly signal: AbortSignal;
  private readonly control: Control;
  private readonly index: TenantRegistry;
  private readonly routes: Routes;
  private readonly outcomes = new Outcomes();
  private readonly fleet: FleetRun;
  private readonly record: RunRecord;
  private total = 0;

  constructor(
    installation: Installation,
    goal: Goal,
    private readonly options: RunOptions,
    lane: (name: string) => Lane,
  ) {
    this.signal = options.signal ?? new AbortController().signal;
    const pause = new Pause(options.pauseLimitMs ?? PAUSE_LIMIT_MS, (error, ms) =>
      options.onPause?.(error, ms),
    );
    this.control = new Control(lane('migrator'), pause, this.signal);
    this.index = new TenantRegistry(this.control, this.runId);
    this.record = new RunRecord(this.control, this.runId);
    this.routes = new Routes(lane('migrator reference'), installation.roles, goal);
    const context: RunContext = {
      roles: installation.roles,
      runId: this.runId,
      limits: {
        ...STEP_LIMITS,
        ...(options.statementMs !== undefined && { statement: options.statementMs }),
      },
      migrations: goal.migrations,
      locator: new TenantLocator(),
      index: this.index,
      outcomes: this.outcomes,
      pause,
      signal: this.signal,
      routes: this.routes,
      putOff: new Set(),
      waiting: 0,
    };
    this.fleet = new FleetRun(context, lane, {
      concurrency: options.concurrency ?? defaultConcurrency(),
      patienceMs: options.patienceMs ?? PATIENCE_MS,
      prepare: (page) =>
        this.control.steady(() => announceContracts(this.index, page, this.routes, this.signal)),
      onTenant: () => this.report(),
    });
  }

  /** Told to stop while the server is away, the run need not ask it what is left. */
  async run(): Promise<RunSummary> {
    try {
      return await this.toTheEnd();
    } catch (error) {
      if (this.signal.aborted && faultOf(error) === 'server') return this.summary(false, []);
      throw error;
    }
  }

  private async toTheEnd(): Promise<RunSummary> {
    const pending = await this.fleet.pending(this.options);
    if (pending.length === 0) return this.summary(true);
    const checksums = [...new Set(pending.map(({ checksum }) => checksum))];
    const selection = await this.limited(checksums);
    const counted = pending.reduce((sum, { tenants }) => sum + tenants, 0);
    this.total = this.options.limit === undefined ? counted : selection.shopIds!.length; // limited above
    this.outcomes.budget = this.options.errorBudget ?? defaultBudget(this.total);
    await this.record.begin(this.routes.targetVersion, this.total);
    try {
      await this.fleet.run(selection, await this.waves(selection, checksums));
      const summary = await this.summary((await this.fleet.pending(selection)).length === 0);
      await this.record.end(summary);
      return summary;
    } catch (error) {
      const { migrated, failed } = this.outcomes;
      await this.record.end({ migrated, failed, outcome: 'stopped' }).catch(() => undefined); // `error` says why
      throw error;
    }
  }

  private async limited(
    checksums: readonly string[],
  ): Promise<{ shopIds?: readonly string[]; from?: string }> {
    const { shopIds, from, limit } = this.options;
    const selection = { ...(shopIds && { shopIds }), ...(from !== undefined && { from }) };
    if (limit === undefined) return selection;
    const first = await this.index.page(selection, checksums, null, limit);
    return { shopIds: first.map(({ shopId }) => shopId) };
  }

  private async waves(
    selection: { shopIds?: readonly string[]; from?: string },
    checksums: readonly string[],
  ): Promise<(readonly string[])[]> {
    const { canary, waves = [] } = this.options;
    const named = canary !== undefined && 'shopIds' in canary ? [canary.shopIds] : [];
    const shares = [...(canary !== undefined && 'percent' in canary ? [canary.percent] : []), ...waves];
    const sizes = shares.map((percent) => Math.max(1, Math.round((this.total * percent) / 100)));
    // drawn once: each share holds those before it, so that 50 % means half of all
    const drawn = await this.index.sample(selection, checksums, Math.max(0, ...sizes));
    return [...named, ...sizes.map((size) => drawn.slice(0, size))];
  }

  private report(): void {
    const { migrated, failed } = this.outcomes;
    this.record.beat(migrated, failed.length);
    this.options.onProgress?.({ done: migrated + failed.length, total: this.total, failed: failed.length });
  }

  private async summary(isAllDone: boolean, busy?: UnmigratedTenant[]): Promise<RunSummary> {
    const { migrated, failed } = this.outcomes;
    const { reason } = this.fleet;
    const deferred = isAllDone ? [] : (busy ?? (await this.index.deferred(NAMED)));
    return {
      runId: this.total === 0 ? null : this.runId,
      target: this.routes.targetVersion,
      total: this.total,
      migrated,
      failed,
      deferred,
      outcome: this.outcome(isAllDone),
      ...(reason !== undefined && { reason }),
    };
  }

  private outcome(isAllDone: boolean): RunSummary['outcome'] {
    if (this.signal.aborted) return 'interrupted';
    if (this.fleet.reason !== undefined) return 'stopped';
    return isAllDone && this.outcomes.failed.length === 0 ? 'done' : 'unfinished';
  }
}
