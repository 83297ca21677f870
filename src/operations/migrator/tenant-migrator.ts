import { newId } from '../../common/ids';
import { adminOf, type Installation } from '../../database/installation';
import { TenantLocator } from '../../tenancy/tenant-locator';
import type { TenantMigrations } from '../../tenancy/tenant-migrations';
import { TenantRegistry, type TenantSelection, type UnfinishedTenant } from '../../tenancy/tenant-registry';
import { Backoff } from '../backoff';
import { ControlConnection } from '../control-connection';
import { EachTenant } from '../each-tenant';
import { faultOf } from '../faults';
import { ReconnectingClient } from '../reconnecting-client';
import { announceContracts, DRAIN_MS } from './announce-contracts';
import { FleetRun } from './fleet-run';
import { MigrationJob } from './migrate-tenant';
import {
  defaultConcurrency,
  defaultErrorBudget,
  type MigrationTarget,
  type RunOptions,
  type RunSummary,
  targetOf,
} from './run-options';
import { RunRecord } from './run-record';
import { StepPlanner } from './step-planner';
import { STEP_LIMITS } from './take-step';

const PATIENCE_MS = 120_000;
const PAUSE_LIMIT_MS = 600_000;
/** Maximum number of busy tenants, and of those that failed elsewhere, that the summary names. */
const NAMED = 1000;

/** Brings the schemas of all tenants to a version; a tenant that fails does not stop the others. */
export class TenantMigrator {
  constructor(
    private readonly migrations: TenantMigrations,
    private readonly installation: Installation,
  ) {}

  /**
   * Brings every tenant, or those that the options name, to the target: by default the newest version. Several runners
   * may do it at once and share the work. A run that ends early, however it ends, leaves every tenant between two steps
   * (docs/migrations.md, "What a run does"); the next run continues there.
   * @throws OperatorError naming a file that was edited after it was applied; the server's error when it is in trouble
   *   for longer than the options allow
   */
  async run(
    options: RunOptions = {},
    target: MigrationTarget = targetOf(this.migrations),
  ): Promise<RunSummary> {
    const clients: ReconnectingClient[] = [];
    const connect = (name: string) => {
      const client = new ReconnectingClient(adminOf(this.installation).url, name);
      clients.push(client);
      return client;
    };
    try {
      return await new Run(this.installation, target, options, connect).run();
    } finally {
      await Promise.all(clients.map((client) => client.reset()));
    }
  }
}

/** One run: its parts, its record in `migration_runs` and its summary. */
class Run {
  private readonly runId = newId();
  private readonly signal: AbortSignal;
  private readonly control: ControlConnection;
  private readonly registry: TenantRegistry;
  private readonly planner: StepPlanner;
  private readonly each: EachTenant;
  private readonly fleet: FleetRun;
  private readonly record: RunRecord;
  private total = 0;

  constructor(
    installation: Installation,
    target: MigrationTarget,
    private readonly options: RunOptions,
    connect: (name: string) => ReconnectingClient,
  ) {
    const { runId, options: given } = this;
    const { roles } = installation;
    const signal = (this.signal = given.signal ?? new AbortController().signal);
    const backoff = new Backoff(given.pauseLimitMs ?? PAUSE_LIMIT_MS, (error, ms) =>
      given.onPause?.(error, ms),
    );
    this.control = new ControlConnection(connect('migrator'), backoff, signal);
    this.registry = new TenantRegistry(this.control, runId);
    this.planner = new StepPlanner(connect('migrator reference'), roles, target);
    const limits = {
      ...STEP_LIMITS,
      ...(given.statementMs !== undefined && { statement: given.statementMs }),
    };
    const locator = new TenantLocator();
    const settings = { roles, runId, limits, locator, signal, migrations: target.known };
    this.each = new EachTenant(new MigrationJob(settings, this.planner, this.registry), {
      ...{ concurrency: given.concurrency ?? defaultConcurrency(), backoff, signal, connect },
      onTenant: () => this.report(),
    });
    this.record = new RunRecord(this.control, runId, this.each);
    this.fleet = new FleetRun(this.each, this.planner, this.registry, {
      ...{ patienceMs: given.patienceMs ?? PATIENCE_MS, signal },
      prepare: (page) =>
        this.control.retry(() =>
          announceContracts(this.registry, page, this.planner, given.drainMs ?? DRAIN_MS, signal),
        ),
    });
  }

  /** Does not ask the server what is left when the run is stopped while the server is away. */
  async run(): Promise<RunSummary> {
    try {
      return await this.toTheEnd();
    } catch (error) {
      if (this.signal.aborted && faultOf(error) === 'server') return this.summary(false);
      throw error;
    }
  }

  private async toTheEnd(): Promise<RunSummary> {
    const pending = await this.fleet.pending(this.options);
    if (pending.length === 0) return this.summary(true);
    const checksums = [...new Set(pending.map(({ checksum }) => checksum))];
    const selection = await this.limited(checksums);
    const counted = pending.reduce((sum, { tenants }) => sum + tenants, 0);
    this.total = this.options.limit === undefined ? counted : selection.shopIds!.length; // set by `limited`
    this.each.errorBudget = this.options.errorBudget ?? defaultErrorBudget(this.total);
    const isShared = this.options.shopIds === undefined; // shops that are named are tried whatever others did
    this.registry.scope = await this.record.begin(this.planner.targetVersion, this.total, isShared);
    try {
      await this.fleet.run(selection, await this.waves(selection, checksums));
      const isAllDone = (await this.fleet.pending(selection)).length === 0;
      const failedElsewhere = await this.registry.failedElsewhere(selection, NAMED);
      const deferred = isAllDone ? [] : await this.registry.deferred(selection, NAMED);
      const summary = this.summary(isAllDone, failedElsewhere, deferred);
      await this.record.end(summary.outcome);
      return summary;
    } catch (error) {
      await this.record.end('stopped').catch(() => undefined); // `error` is the reason
      throw error;
    }
  }

  private async limited(checksums: readonly string[]): Promise<TenantSelection> {
    const { shopIds, from, limit } = this.options;
    const selection = { ...(shopIds && { shopIds }), ...(from !== undefined && { from }) };
    if (limit === undefined) return selection;
    const first = await this.registry.page(selection, checksums, null, limit);
    return { shopIds: first.map(({ shopId }) => shopId) };
  }

  private async waves(
    selection: TenantSelection,
    checksums: readonly string[],
  ): Promise<(readonly string[])[]> {
    const { canary, waves = [] } = this.options;
    const named = canary !== undefined && 'shopIds' in canary ? [canary.shopIds] : [];
    const shares = [...(canary !== undefined && 'percent' in canary ? [canary.percent] : []), ...waves];
    const sizes = shares.map((percent) => Math.max(1, Math.round((this.total * percent) / 100)));
    // Drawn once: each share contains those before it, so that 50 % means half of all.
    const drawn = await this.registry.sample(selection, checksums, Math.max(0, ...sizes));
    return [...named, ...sizes.map((size) => drawn.slice(0, size))];
  }

  private report(): void {
    const { changed, failed } = this.each;
    this.options.onProgress?.({ done: changed + failed.length, total: this.total, failed: failed.length });
  }

  private summary(
    isAllDone: boolean,
    failedElsewhere: UnfinishedTenant[] = [],
    deferred: UnfinishedTenant[] = [],
  ): RunSummary {
    const { changed: migrated, failed, stopReason } = this.each;
    return {
      runId: this.total === 0 ? null : this.runId,
      target: this.planner.targetVersion,
      total: this.total,
      ...{ migrated, failed, failedElsewhere, deferred },
      outcome: this.outcome(isAllDone && failedElsewhere.length === 0),
      ...(stopReason !== undefined && { reason: stopReason }),
    };
  }

  private outcome(isAllDone: boolean): RunSummary['outcome'] {
    if (this.signal.aborted) return 'interrupted';
    if (this.each.stopReason !== undefined) return 'stopped';
    return isAllDone && this.each.failed.length === 0 ? 'done' : 'unfinished';
  }
}
