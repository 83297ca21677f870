import { adminOf, type Installation } from '../../database/installation';
import { withClient } from '../../database/with-client';
import { TenantMigrations } from '../../tenancy/tenant-migrations';
import { type Drift, observationsOf } from './drift';
import { findDrift } from './find-drift';
import { type Finding, toFindings } from './findings';
import type { History } from './versions';

export interface Verification {
  tenants: number;
  /** Tenants at each version, which is the newest of their rows; oldest first. */
  versions: { version: number; tenants: number }[];
  /** Sorted by shop, check and object. */
  findings: Finding[];
}

/** A verification with what a repair is built from, in the order of `findings`. */
export interface Verified extends Verification {
  drifts: Drift[];
}

export interface VerifyOptions {
  /** Slugs and ids of the only tenants wanted. */
  only?: readonly string[];
  migrations?: TenantMigrations;
}

/**
 * Compares every tenant with a fresh one of its own version, so that a fleet that is half migrated has no findings.
 * Changes nothing, and may run during a migration.
 * @throws as `findDrift` does
 */
export async function verify(
  installation: Installation,
  { only, migrations }: VerifyOptions = {},
): Promise<Verified> {
  const known = migrations ?? (await TenantMigrations.load());
  return withClient(adminOf(installation).bootstrapUrl, 'verify', async (client) => {
    const scope = only === undefined ? {} : { only };
    const { tenants, histories, drifts } = await findDrift(client, installation, known, scope);
    const differing = [...drifts.values()].filter((drift) => observationsOf(drift).length > 0);
    return {
      tenants: tenants.length,
      versions: countVersions(histories.values()),
      findings: toFindings(differing.flatMap(observationsOf), tenants, byShop),
      drifts: differing.sort((a, b) => (a.tenant.shop < b.tenant.shop ? -1 : 1)),
    };
  });
}

const byShop = ({ shop, check, object, detail }: Finding) => `${shop ?? ''} ${check} ${object} ${detail}`;

function countVersions(histories: Iterable<History>): Verification['versions'] {
  const counts = new Map<number, number>();
  for (const { versions } of histories) {
    if (versions === null) continue;
    const newest = versions.at(-1) ?? 0;
    counts.set(newest, (counts.get(newest) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b).map(([version, tenants]) => ({ version, tenants }));
}
