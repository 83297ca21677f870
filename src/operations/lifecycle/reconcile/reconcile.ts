import { adminOf } from '../../../database/installation';
import { withClient } from '../../../database/with-client';
import { assertInstalled } from '../../installed';
import { describeError } from '../../faults';
import type { Tools } from '../operation-kind';
import type { Orphan } from './orphan';
import { findOrphanFiles } from './orphan-files';
import { findOrphanShopFiles } from './orphan-shop-files';
import { findOrphanOperations } from './orphan-operations';
import { findOrphanTenants } from './orphan-tenants';

/** An orphan, as operators and programs get it. */
export interface Reconciled extends Omit<Orphan, 'fix'> {
  /** True for what `--fix` repairs. */
  canFix: boolean;
  isFixed: boolean;
  /** Result of the repair, or the reason why there is none; null if nothing was tried. */
  outcome: string | null;
}

export interface ReconcileOptions {
  isFix: boolean;
  /** Ends after the present orphan, or between two steps of it. */
  signal: AbortSignal;
}

/**
 * Finds orphans, in both directions, and repairs those whose end takes nothing from a shop that exists. Operations come first:
 * what they hold is not an orphan as long as they can go on.
 * @throws OperatorError if the program never ran on this database
 */
export async function reconcile(tools: Tools, { isFix, signal }: ReconcileOptions): Promise<Reconciled[]> {
  return withClient(adminOf(tools.installation).bootstrapUrl, 'reconcile', async (client) => {
    await assertInstalled(client);
    await client.exec('SET search_path = pg_catalog; SET jit = off');
    const found: Reconciled[] = [];
    const areas = [
      () => findOrphanOperations(client, tools, signal),
      () => findOrphanTenants(client, tools),
      () => findOrphanFiles(client, tools),
      () => findOrphanShopFiles(client, tools),
    ];
    for (const area of areas) {
      for (const orphan of await area()) {
        if (signal.aborted) return found;
        found.push(await treat(orphan, isFix));
      }
    }
    return found;
  });
}

async function treat({ fix, ...orphan }: Orphan, isFix: boolean): Promise<Reconciled> {
  const canFix = fix !== null;
  if (fix === null || !isFix) return { ...orphan, canFix, isFixed: false, outcome: null };
  try {
    return { ...orphan, canFix, isFixed: true, outcome: await fix() };
  } catch (error) {
    return { ...orphan, canFix, isFixed: false, outcome: describeError(error).message };
  }
}
