import { MAX_BODY_KIB, DEFAULT_PAGE, MAX_PAGE } from '../common/bounds';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';

const count = (least: number, most: number) => z.number().int().min(least).max(most).nullable().default(null);

/**
 * Limits of a shop: those of its plan, and its own in their place. Null is no limit of its own: the setting of the
 * installation applies where there is one, for instance STATEMENT_TIMEOUT_MS. All but the last group hold for each process
 * of the program by itself.
 */
export const PLAN_LIMITS = z.object({
  /** Requests a minute of all members together, over all processes; `requestBurst` may come at once. */
  requestsPerMinute: count(1, 10_000_000),
  requestBurst: count(1, 10_000_000),
  /** Transactions at once, and how many more wait for one of them before the next is refused. */
  transactionsAtOnce: count(1, 1000),
  transactionsWaiting: count(0, 100_000),
  statementMs: count(100, 600_000),
  lockMs: count(100, 60_000),
  /** Memory of one sort or hash of a statement (PostgreSQL manual, work_mem). */
  workMemKiB: count(64, 1_048_576),
  /** Disk space of a statement's temporary files, where the server lets the tenant login limit it. */
  tempFileMiB: count(1, 1_048_576),
  /** Size of a request's JSON body, and items of a page. They lower those of the installation, not beyond the default of a page. */
  bodyKiB: count(1, MAX_BODY_KIB),
  pageSize: count(DEFAULT_PAGE, MAX_PAGE),
  /** Rows in all tables of the shop, their size on disk, size of stored images, members. */
  rows: count(1, 1_000_000_000_000),
  storageMiB: count(1, 1_000_000_000),
  filesMiB: count(1, 1_000_000_000),
  seats: count(1, 1_000_000),
});

/** Least and greatest value of a limit. */
export function boundsOf(name: LimitName): { min: number; max: number } {
  const { minValue, maxValue } = PLAN_LIMITS.shape[name].unwrap().unwrap();
  return { min: minValue!, max: maxValue! }; // `count` sets both
}

export type PlanLimits = z.infer<typeof PLAN_LIMITS>;
export type LimitName = keyof PlanLimits;
export const LIMIT_NAMES = Object.keys(PLAN_LIMITS.shape) as LimitName[];

/** Limits that a shop has in place of its plan's. */
export const OWN_LIMITS = z.object(
  Object.fromEntries(LIMIT_NAMES.map((name) => [name, PLAN_LIMITS.shape[name].unwrap().optional()])),
);

/** Features of a shop that are on or off, by name. */
export type Features = Readonly<Record<string, boolean>>;
export const FEATURES = z.record(z.string().regex(/^[a-z][a-zA-Z0-9]{0,49}$/), z.boolean());

/** Plan of a shop, and its limits and features. */
export interface Allowance {
  /** Name of the plan. */
  plan: string;
  limits: Readonly<PlanLimits>;
  features: Features;
}

/** Allowances by what the database said: thousands of shops have the same, and it is read with every grant. */
const known = new LRUCache<string, Allowance>({ max: 1000 });

/**
 * Reads what `access_of` says about the plan. Names that a newer program knows are ignored.
 * @throws ZodError when somebody stored a value that no program writes
 */
export function readAllowance(plan: string, limits: string, features: string): Allowance {
  const key = `${plan} ${limits} ${features}`;
  let allowance = known.get(key);
  if (allowance === undefined) {
    allowance = {
      plan,
      limits: Object.freeze(PLAN_LIMITS.parse(JSON.parse(limits))),
      features: Object.freeze(FEATURES.parse(JSON.parse(features))),
    };
    known.set(key, allowance);
  }
  return allowance;
}
