import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../common/report';
import type { Recorded, RegisteredTenant, UnfinishedTenant } from '../tenancy/tenant-registry';
import type { Backoff } from './backoff';
import { describeError, faultOf, Interrupted, isDisconnected } from './faults';
import type { ReconnectingClient } from './reconnecting-client';

/** Attempts to get a lock in one go, 50 to 300 ms apart; then the tenant is deferred. */
const LOCK_TRIES = 3;
/** Attempts for a tenant that meets trouble of the server when no other tenant is left to tell whose fault it is. */
const ALONE_TRIES = 3;
/** Attempts after the registry proved stale for the same tenant. */
const STALE_TRIES = 3;
/** Failures in a row with the same SQLSTATE after which all other tenants would fail too. */
const SAME_FAILURES = 3;
/** Messages in flight per connection: the server need not wait for the next while an answer travels. */
const IN_FLIGHT = 2;

/** Connections of one worker. */
export interface WorkerClients {
  /** Shared with another worker: only whole transactions in one message. */
  shared: ReconnectingClient;
  /** For work in several messages. Opens when first used. */
  own: ReconnectingClient;
}

/** Work on one tenant, and where its failures are recorded. */
export interface TenantJob {
  /**
   * Must be safe to repeat, and must take the tenant's advisory lock where several runners may meet.
   * @param isStale whether the registry proved wrong about the tenant in the attempt before
   * @returns whether the tenant changed
   */
  work(tenant: RegisteredTenant, clients: WorkerClients, isStale: boolean): Promise<boolean>;
  /** Describes a failure for the summary. */
  describe(tenant: RegisteredTenant, error: unknown): UnfinishedTenant;
  /** Records a tenant that was left undone; a deferred one is worth another try, a failed one is not. */
  record(tenant: UnfinishedTenant, status: 'deferred' | 'failed'): Promise<Recorded>;
}

export interface EachTenantOptions {
  concurrency: number;
  backoff: Backoff;
  signal: AbortSignal;
  /** Creates a connection; the run that supplies this function closes it. */
  connect(name: string): ReconnectingClient;
  /** Called after each tenant. */
  onTenant(): void;
}

/**
 * The one iterator over many tenants: how many at once, over which connections, and what a failure means. A tenant
 * that fails is recorded and the others continue; a busy one is deferred; a server in trouble pauses all workers; too
 * many failures end the run. One instance per run: what it has learned about tenants holds for later passes too.
 */
export class EachTenant {
  changed = 0;
  readonly failed: UnfinishedTenant[] = [];
  /** Number of failures, of all its runners, that ends the run. */
  errorBudget = Number.POSITIVE_INFINITY;
  /** Reason why the run ended itself; undefined while it may continue. */
  stopReason: string | undefined;
  /** Tenants that met trouble of the server again while others succeeded: no longer waited for. */
  private readonly givenUp = new Set<string>();
  /** Tenants of the current pass that no worker has started. */
  private waiting = 0;
  private sameFailures = 0;
  private readonly workers: readonly WorkerClients[];

  constructor(
    private readonly job: TenantJob,
    private readonly options: EachTenantOptions,
  ) {
    const { concurrency } = options;
    const shared = Array.from({ length: concurrency }, () => options.connect('each tenant'));
    this.workers = Array.from({ length: concurrency * IN_FLIGHT }, (_, i) => ({
      shared: shared[i % shared.length]!, // at least one
      own: options.connect('one tenant'),
    }));
  }

  get isOver(): boolean {
    return this.options.signal.aborted || this.stopReason !== undefined;
  }

  /**
   * Works on every tenant once, several at a time.
   * @param count number of tenants that are expected
   * @throws OperatorError, which concerns all tenants; the server's error when its trouble lasts too long
   */
  async pass(tenants: AsyncGenerator<RegisteredTenant, undefined>, count: number): Promise<void> {
    this.waiting = count;
    const ends = await Promise.allSettled(this.workers.map((clients) => this.runWorker(tenants, clients)));
    await Promise.all(this.workers.map(({ shared }) => shared.reset()));
    const failure = ends.find((end) => end.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  private async runWorker(
    tenants: AsyncGenerator<RegisteredTenant, undefined>,
    clients: WorkerClients,
  ): Promise<void> {
    try {
      while (!this.isOver) {
        const { value, done } = await tenants.next();
        if (done) return;
        this.waiting--;
        await this.finish(value, clients);
        this.options.onTenant();
      }
    } catch (error) {
      this.stopReason = describeError(error).message; // ends the other workers too
      throw error;
    } finally {
      await clients.own.reset();
    }
  }

  /** Repeats the work until the tenant is done, deferred or failed. */
  private async finish(tenant: RegisteredTenant, clients: WorkerClients): Promise<void> {
    const { signal, backoff } = this.options;
    const tries = { lock: 0, stale: 0, alone: 0, changedBefore: Number.POSITIVE_INFINITY };
    while (!signal.aborted) {
      await backoff.wait(signal);
      try {
        if (await this.job.work(tenant, clients, tries.stale > 0)) this.succeed();
        return backoff.succeed();
      } catch (error) {
        if (error instanceof OperatorError) throw error;
        if (error instanceof Interrupted) return;
        const fault = faultOf(error);
        if (fault === 'elsewhere') return; // the next pass sees its result
        if (fault === 'stale' && ++tries.stale <= STALE_TRIES) continue;
        if (fault === 'busy') {
          if (++tries.lock === LOCK_TRIES) return this.defer(tenant, error);
          await sleep(50 + Math.random() * 250);
        } else if (fault === 'server') {
          const isGone = isDisconnected(error); // otherwise another worker's step may be in flight on the shared one
          if (isGone) await Promise.all([clients.shared.reset(), clients.own.reset()]);
          const isAlone = !isGone && this.waiting <= 0 && ++tries.alone === ALONE_TRIES;
          if (isAlone || this.changed > tries.changedBefore) this.givenUp.add(tenant.shopId);
          if (this.givenUp.has(tenant.shopId)) return this.defer(tenant, error);
          tries.changedBefore = this.changed;
          backoff.report(error);
        } else return this.fail(tenant, error);
      }
    }
  }

  private succeed(): void {
    this.changed++;
    this.sameFailures = 0;
  }

  private async defer(tenant: RegisteredTenant, error: unknown): Promise<void> {
    await this.job.record(this.job.describe(tenant, error), 'deferred');
  }

  /** Counts a failure, unless another runner counts it or has finished the tenant. */
  private async fail(tenant: RegisteredTenant, error: unknown): Promise<void> {
    const failure = this.job.describe(tenant, error);
    const { isNew, elsewhere } = await this.job.record(failure, 'failed');
    if (!isNew) return;
    const { sqlState } = failure;
    const failures = elsewhere + this.failed.length + 1;
    this.sameFailures = sqlState === this.failed.at(-1)?.sqlState ? this.sameFailures + 1 : 1;
    this.failed.push(failure);
    if (this.sameFailures >= SAME_FAILURES)
      this.stopReason ??= `${SAME_FAILURES} tenants in a row failed with ${sqlState ?? 'no SQLSTATE'}`;
    else if (failures >= this.errorBudget) this.stopReason ??= `${failures} tenants failed`;
  }
}
