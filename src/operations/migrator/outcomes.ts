import { describe } from '../faults';
import type { RegisteredTenant, UnmigratedTenant } from './tenant-registry';

/** A migration that fails in the same way at so many tenants in a row will fail at the others too. */
const SAME_RUNNING = 3;

/** Counts what became of tenants, and says when there were too many failures to go on. */
export class Outcomes {
  /** Tenants that arrived. */
  migrated = 0;
  readonly failed: UnmigratedTenant[] = [];
  /** So many failures end the run. */
  budget = Number.POSITIVE_INFINITY;
  private last: string | null | undefined;
  private running = 0;

  succeed(): void {
    this.migrated++;
    this.running = 0;
  }

  /** @param at step that failed, with a colon, for people */
  fail(tenant: RegisteredTenant, error: unknown, at = ''): UnmigratedTenant {
    const { message, sqlState } = describe(error);
    const failure = {
      shopId: tenant.shopId,
      slug: tenant.slug,
      sqlState,
      message: at + message,
    };
    this.running = failure.sqlState === this.last ? this.running + 1 : 1;
    this.last = failure.sqlState;
    this.failed.push(failure);
    return failure;
  }

  /** Why the run should stop; undefined when it should not. */
  get stop(): string | undefined {
    if (this.running >= SAME_RUNNING)
      return `${SAME_RUNNING} tenants in a row failed with ${this.last ?? 'no SQLSTATE'}`;
    if (this.failed.length >= this.budget) return `${this.failed.length} tenants failed`;
    return undefined;
  }
}
