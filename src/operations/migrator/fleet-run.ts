import { setTimeout as sleep } from 'node:timers/promises';
import { shuffled } from '../../common/shuffled';
import type {
  RegisteredTenant,
  TenantGroup,
  TenantRegistry,
  TenantSelection,
} from '../../tenancy/tenant-registry';
import type { EachTenant } from '../each-tenant';
import type { StepPlanner } from './step-planner';

const PAGE = 500;
const FIRST_REST_MS = 200;
const LONGEST_REST_MS = 5000;

export interface FleetRunSettings {
  /** How long to retry busy tenants after the last success, milliseconds. */
  patienceMs: number;
  signal: AbortSignal;
  /** Called with the tenants of a page before any of them is changed. */
  prepare(page: readonly RegisteredTenant[]): Promise<void>;
}

/**
 * One run over the fleet: passes over the tenants that are not at the target, until there are none. The first pass
 * does nearly everything; later passes find tenants that were busy, that another runner held, and shops that an older
 * program has created meanwhile. Memory does not grow with the number of tenants.
 */
export class FleetRun {
  constructor(
    private readonly each: EachTenant,
    private readonly planner: StepPlanner,
    private readonly registry: TenantRegistry,
    private readonly settings: FleetRunSettings,
  ) {}

  /** Tenants that are not at the target, by their history. */
  async pending(selection: TenantSelection): Promise<TenantGroup[]> {
    const groups = await this.registry.groups(selection);
    return groups.filter((group) => this.planner.isPending(group));
  }

  /** Migrates the canary, then each wave, then the rest. */
  async run(selection: TenantSelection, waves: readonly (readonly string[])[]): Promise<void> {
    for (const shopIds of waves) {
      const failedBefore = this.each.failed.length;
      await this.untilDone({ ...selection, shopIds });
      if (this.each.isOver) return;
      const wave = { ...selection, shopIds };
      const isDone = (await this.pending(wave)).length === 0 && this.each.failed.length === failedBefore;
      if (isDone && (await this.registry.failedElsewhere(wave, 1)).length === 0) continue;
      this.each.stopReason = `not all of the first ${shopIds.length} tenant(s) could be migrated`;
      return;
    }
    await this.untilDone(selection);
  }

  private async untilDone(selection: TenantSelection): Promise<void> {
    let lastSuccess = Date.now();
    for (let pass = 1; !this.each.isOver; pass++) {
      const groups = await this.pending(selection);
      if (groups.length === 0) return;
      if (pass > 1 && !(await this.rest(pass, lastSuccess))) return;
      const before = this.each.changed;
      const checksums = [...new Set(groups.map(({ checksum }) => checksum))];
      const count = groups.reduce((sum, { tenants }) => sum + tenants, 0);
      await this.each.pass(this.tenants(selection, checksums), count);
      if (this.each.changed > before) lastSuccess = Date.now();
    }
  }

  /** @returns false when the patience is used up */
  private async rest(pass: number, lastSuccess: number): Promise<boolean> {
    const { patienceMs, signal } = this.settings;
    const left = lastSuccess + patienceMs - Date.now();
    if (left <= 0) return false;
    const ms = Math.min(FIRST_REST_MS * 2 ** (pass - 2), LONGEST_REST_MS, left);
    await sleep(ms, undefined, { signal }).catch(() => undefined); // aborted: the caller checks
    return true;
  }

  private async *tenants(
    selection: TenantSelection,
    checksums: readonly string[],
  ): AsyncGenerator<RegisteredTenant, undefined> {
    for (let after: string | null = null; ;) {
      const page: RegisteredTenant[] = await this.registry.page(selection, checksums, after, PAGE);
      const last = page.at(-1);
      if (last === undefined) return undefined;
      await this.settings.prepare(page);
      yield* shuffled(page); // runners that started together do not meet at every tenant
      after = last.shopId;
    }
  }
}
