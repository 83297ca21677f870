import type { Construct } from './constructs';
import type { Observation } from './findings';
import type { Tenant } from './fleet';
import type { Element, Reference } from './reference';
import { rightObservationOf, type RightDifference } from './rights';
import { type Difference, observationOf } from './structure';

/** How one tenant differs from what it should be, in the form from which a repair is built. */
export interface Drift {
  tenant: Tenant;
  /** Null if nobody can say what the tenant should look like; `faults` says why. */
  reference: Reference | null;
  /** If that is null: a tenant with the same rights on the tables that both have. Null if rights are not compared. */
  rightsReference: Reference | null;
  /** Known migrations older than its newest that the tenant does not have. */
  gaps: readonly number[];
  structure: Difference[];
  /** The elements found where `structure` differs, by their components. */
  found: Element[];
  rights: RightDifference[];
  constructs: Construct[];
  /** Missing schema or role, lost version rows, foreign keys that leave the schema. */
  faults: Observation[];
  /** Faults that a fresh tenant of its version has too, and those of rollout and registry. Only doctor reports them. */
  rollout: Observation[];
}

/** Differences from a fresh tenant of the same version. */
export function observationsOf({ structure, rights, constructs, faults }: Drift): Observation[] {
  return [...structure.map(observationOf), ...rights.map(rightObservationOf), ...constructs, ...faults];
}
