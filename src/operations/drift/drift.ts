import type { Construct } from './constructs';
import type { Observation } from './findings';
import type { Grant, Thing } from './reference';
import type { Difference } from './structure';
import type { RightDifference } from './rights';
import type { Tenant } from './tenants';
import type { VersionSet } from './version-sets';

/** Everything that is not as it should be with one tenant, still in parts: what a repair is made from. */
export interface Drift {
  tenant: Tenant;
  /** Null when nobody can say what it should look like. */
  set: VersionSet | null;
  structure: Difference[];
  /** What `structure` found, in parts. */
  found: Thing[];
  rights: RightDifference[];
  constructs: Construct[];
  /** Halves of tenants, versions, and what is told already in another way. */
  others: Observation[];
}

/** What the shop's own role may do with a thing, by the reference. */
export function grantsOf({ set }: Drift): Grant[] {
  return set?.reference.grants ?? [];
}
