import type { Roles } from '../../database/roles';
import { historyChecksum, type MigrationHistory, newestVersion } from '../../tenancy/migration-history';
import type { Placement } from '../../tenancy/tenant';
import type { TenantLocator } from '../../tenancy/tenant-locator';
import type {
  Recorded,
  RegisteredTenant,
  TenantRegistry,
  UnfinishedTenant,
} from '../../tenancy/tenant-registry';
import type { TenantJob, WorkerClients } from '../each-tenant';
import { describeError, Interrupted } from '../faults';
import type { ReconnectingClient } from '../reconnecting-client';
import { runBackfill } from './backfill';
import { runOnline } from './online';
import { type HistoryReader, readHistory } from './rebuild-registry';
import type { Step, StepPlanner } from './step-planner';
import { runCode, runInOneMessage, type StepContext, type StepLimits } from './take-step';

/** Settings of a run that are the same for all tenants. */
export interface MigrationJobSettings extends HistoryReader {
  roles: Roles;
  runId: string;
  limits: StepLimits;
  locator: TenantLocator;
  signal: AbortSignal;
}

/**
 * Brings one tenant to the target: finds its history, takes its steps one after the other, each in a transaction of
 * its own. Killed anywhere, it leaves a tenant between two steps, and the next run continues there.
 */
export class MigrationJob implements TenantJob {
  /** The step in which an error was thrown: named in the failure. */
  private readonly stepOf = new WeakMap<object, string>();

  constructor(
    private readonly settings: MigrationJobSettings,
    private readonly planner: StepPlanner,
    private readonly registry: TenantRegistry,
  ) {}

  async work(tenant: RegisteredTenant, clients: WorkerClients, isStale: boolean): Promise<boolean> {
    const { shopId, checksum } = tenant;
    const { roles, runId, limits, locator, signal } = this.settings;
    const placement = locator.locate(shopId);
    if (isStale && (await this.registry.isLeftOut(shopId))) return false; // since its row was read
    const known = isStale ? undefined : this.planner.historyOf(checksum);
    const history = known ?? (await this.readFromSchema(clients.own, shopId, placement));
    if (known === undefined && !this.isPending(history)) return false; // a newer program was here
    const steps = await this.planner.stepsFrom(history);
    if (known === undefined && steps.some(({ migration }) => migration.marks.contract !== undefined))
      return false; // the next pass knows its history and announces the contract first
    for (const step of steps) {
      if (signal.aborted) throw new Interrupted();
      await this.takeStep(clients, step, {
        shopId,
        placement,
        roles,
        runId,
        limits,
        scope: this.registry.scope,
      });
    }
    return steps.length > 0;
  }

  describe({ shopId, slug }: RegisteredTenant, error: unknown): UnfinishedTenant {
    const { message, sqlState } = describeError(error);
    const step = error instanceof Error ? this.stepOf.get(error) : undefined;
    return { shopId, slug, sqlState, message: step === undefined ? message : `${step}: ${message}` };
  }

  record(tenant: UnfinishedTenant, status: 'deferred' | 'failed'): Promise<Recorded> {
    return this.registry.mark(tenant, status, this.planner.targetChecksum);
  }

  private isPending(history: MigrationHistory): boolean {
    return this.planner.isPending({ checksum: historyChecksum(history), version: newestVersion(history) });
  }

  /**
   * Takes one step forwards or backwards: all of it is there afterwards, or nothing (of a backfill, whole batches; of
   * an online step, what its next attempt finds and uses).
   * @throws the server's error, which `faultOf` classifies; Interrupted
   */
  private async takeStep(clients: WorkerClients, step: Step, context: StepContext): Promise<void> {
    try {
      await this.runStep(clients, step, context);
    } catch (error) {
      if (error instanceof Error) this.stepOf.set(error, step.migration.name);
      throw error;
    }
  }

  private async runStep({ shared, own }: WorkerClients, step: Step, context: StepContext): Promise<void> {
    const { kind } = step.migration;
    if (kind === 'sql') return runInOneMessage(await shared.client(), step, context);
    await resetOnError(own, async () => {
      const client = await own.client();
      if (kind === 'code') await runCode(client, step, context);
      else if (kind === 'online') await runOnline(client, step, context);
      else await runBackfill(client, step, context, this.settings.signal);
    });
  }

  private readFromSchema(own: ReconnectingClient, shopId: string, placement: Placement) {
    return resetOnError(own, async () => readHistory(await own.client(), shopId, placement, this.settings));
  }
}

/** Closes the connection after a failure, which releases whatever it holds. */
async function resetOnError<T>(client: ReconnectingClient, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await client.reset();
    throw error;
  }
}
