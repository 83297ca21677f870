import { setTimeout as sleep } from 'node:timers/promises';
import { shuffled } from '../../common/shuffled';
import { describe } from '../faults';
import type { Lane } from '../reconnecting-client';
import type { Lanes } from './take-step';
import type { Group, RegisteredTenant, Selection } from './tenant-registry';
import { migrateTenant, type RunContext } from './migrate-tenant';

const PAGE = 500;
const FIRST_REST_MS = 200;
const LONGEST_REST_MS = 5000;
/** Messages in flight on a connection: the server need not wait for the next while the answer travels. */
const IN_FLIGHT = 2;

export interface FleetSettings {
  concurrency: number;
  /** How long to come back to tenants that are busy, after the last success. Milliseconds. */
  patienceMs: number;
  /** Is told which tenants come next, before anything is done to them. */
  prepare(page: readonly RegisteredTenant[]): Promise<void>;
  /** Is called after each tenant. */
  onTenant(): void;
}

/**
 * One run over the fleet: passes over the tenants that are not at the target, until there are none left. The first
 * pass does nearly all; later ones find tenants that were busy, that another runner had in hand, and shops that an
 * older program has made meanwhile. Memory does not grow with the number of tenants.
 */
export class FleetRun {
  /** Why the run ended itself. */
  reason: string | undefined;
  /** Connections of each worker; several share one. */
  private readonly workers: readonly Lanes[];

  constructor(
    private readonly context: RunContext,
    lane: (name: string) => Lane,
    private readonly settings: FleetSettings,
  ) {
    const shared = Array.from({ length: settings.concurrency }, () => lane('migrate tenants'));
    this.workers = Array.from({ length: settings.concurrency * IN_FLIGHT }, (_, i) => ({
      shared: shared[i % shared.length]!, // at least one
      own: lane('migrate one tenant'),
    }));
  }

  /** Tenants that are not where they are to be, by where they are. */
  async pending(selection: Selection): Promise<Group[]> {
    const groups = await this.context.index.groups(selection);
    return groups.filter((group) => this.context.routes.isPending(group));
  }

  /** The canary, the waves, then all that is left. */
  async run(selection: Selection, waves: readonly (readonly string[])[]): Promise<void> {
    for (const shopIds of waves) {
      const before = this.context.outcomes.failed.length;
      await this.untilDone({ ...selection, shopIds });
      if (this.isOver()) return;
      const left = await this.pending({ ...selection, shopIds });
      if (left.length === 0 && this.context.outcomes.failed.length === before) continue;
      this.reason = `not all of the first ${shopIds.length} tenant(s) could be migrated`;
      return;
    }
    await this.untilDone(selection);
  }

  private async untilDone(selection: Selection): Promise<void> {
    let movedAt = Date.now();
    for (let pass = 1; !this.isOver(); pass++) {
      const groups = await this.pending(selection);
      if (groups.length === 0) return;
      if (pass > 1 && !(await this.rest(pass, movedAt))) return;
      const before = this.context.outcomes.migrated;
      await this.pass(selection, groups);
      if (this.context.outcomes.migrated > before) movedAt = Date.now();
    }
  }

  /** @returns false when there is no patience left */
  private async rest(pass: number, movedAt: number): Promise<boolean> {
    const left = movedAt + this.settings.patienceMs - Date.now();
    if (left <= 0) return false;
    const ms = Math.min(FIRST_REST_MS * 2 ** (pass - 2), LONGEST_REST_MS, left);
    await sleep(ms, undefined, { signal: this.context.signal }).catch(() => undefined); // aborted: the caller looks
    return true;
  }

  private async pass(selection: Selection, groups: readonly Group[]): Promise<void> {
    const checksums = groups.map(({ checksum }) => checksum);
    this.context.waiting = groups.reduce((sum, { tenants }) => sum + tenants, 0);
    const queue = this.tenants(selection, [...new Set(checksums)]);
    const ends = await Promise.allSettled(this.workers.map((lanes) => this.work(queue, lanes)));
    await Promise.all(this.workers.map(({ shared }) => shared.reset()));
    const failure = ends.find((end) => end.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  private async work(queue: AsyncGenerator<RegisteredTenant>, lanes: Lanes): Promise<void> {
    try {
      while (!this.isOver()) {
        const { value, done } = await queue.next();
        if (done) return;
        await migrateTenant(this.context, lanes, value);
        this.reason ??= this.context.outcomes.stop;
        this.settings.onTenant();
      }
    } catch (error) {
      this.reason = describe(error).message; // the others end too
      throw error;
    } finally {
      await lanes.own.reset();
    }
  }

  private async *tenants(
    selection: Selection,
    checksums: readonly string[],
  ): AsyncGenerator<RegisteredTenant, undefined> {
    for (let after: string | null = null; ;) {
      const page: RegisteredTenant[] = await this.context.index.page(selection, checksums, after, PAGE);
      const last = page.at(-1);
      if (last === undefined) return undefined;
      await this.settings.prepare(page);
      for (const tenant of shuffled(page)) {
        // so that runners who started together do not meet at every tenant
        this.context.waiting--;
        yield tenant;
      }
      after = last.shopId;
    }
  }

  private isOver(): boolean {
    return this.context.signal.aborted || this.reason !== undefined;
  }
}
