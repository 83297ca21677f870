import type { Times } from '../../src/config/times';

/** True for `npm run test:full`. */
export const isFull = process.env['TEST_SIZE'] === 'full';

/**
 * A figure of a test: small with `npm test`, large with `npm run test:full`. The variable of that name overrides both.
 * @throws Error when it is no whole number
 */
export function size(name: string, small: number, large: number): number {
  const given = process.env[name];
  if (given === undefined || given === '') return isFull ? large : small;
  if (!/^\d+$/.test(given)) throw new Error(`${name} must be a whole number`);
  return Number(given);
}

/** Sizes of the isolation kit. */
export const KIT = {
  shops: size('KIT_SHOPS', 20, 200),
  requests: size('KIT_REQUESTS', 2000, 50_000),
  /** Requests in flight at once. */
  workers: size('KIT_WORKERS', 32, 32),
  /** How long connections are cut, and how many. */
  seconds: size('KIT_SECONDS', 4, 30),
  kills: size('KIT_KILLS', 12, 100),
  /** Seed of the order of requests; printed, so that a run can be repeated. */
  seed: size('KIT_SEED', Date.now() % 1_000_000, Date.now() % 1_000_000),
};

/** Requests made at random from the OpenAPI document, and the seed of what they are, apart from the ids of rows. */
export const WALK = {
  requests: size('WALK_REQUESTS', 1500, 20_000),
  seed: size('WALK_SEED', Date.now() % 1_000_000, Date.now() % 1_000_000),
};

/** Sizes of the fleet that the command migrates. */
export const FLEET = { shops: size('FLEET_SHOPS', 16, 50) };

/** Sizes of the fleet whose migration is killed. */
export const CRASH = { shops: size('CRASH_SHOPS', 40, 200), kills: size('CRASH_KILLS', 4, 20) };

/** How often each kind of operation on a shop is killed. */
export const OPERATION_KILLS = size('OPERATION_KILLS', 3, 20);

/** Jobs of shops, the same number in each, whose workers are killed. */
export const TENANT_JOBS = {
  shops: size('TENANT_JOB_SHOPS', 12, 500),
  jobs: size('TENANT_JOBS', 240, 10_000),
  kills: size('TENANT_JOB_KILLS', 3, 10),
  /** Longest time of a job, milliseconds. */
  ms: size('TENANT_JOB_MS', 150, 20),
};

/** Removals of shops whose process is killed. */
export const PURGE_KILLS = size('PURGE_KILLS', 3, 20);

/** Workers that are killed under load. */
export const WORKER_KILLS = size('WORKER_KILLS', 2, 4);

/** Rows of an import that hold nothing: enough to be read for longer than a transaction may idle. */
export const BLANK_ROWS = size('BLANK_ROWS', 2_500_000, 4_000_000);

/** How long a connection waits for a response. Milliseconds. */
export const RESPONSE_TIMEOUT_MS = size('RESPONSE_TIMEOUT_MS', 1600, 4000);

/** How long access and signing keys are cached. Milliseconds; at full size what docs/security.md promises. */
export const CACHE_MS = isFull ? 5000 : 1000;

/** For tests that wait until a cached answer expires. At full size, the program's own times. */
export const CACHE_TIMES: Times = isFull ? {} : { accessCacheMs: CACHE_MS, keyCacheMs: CACHE_MS };

/** How long a run waits for older programs before a contract step. Milliseconds; at full size, the program's own time. */
export const DRAIN_MS = isFull ? undefined : 1000;

/** Catalogues and orders that are exported and imported, and the seed that makes them. */
export const ROUND_TRIP = {
  runs: size('ROUND_TRIP_RUNS', 15, 500),
  seed: size('ROUND_TRIP_SEED', Date.now() % 1_000_000, Date.now() % 1_000_000),
};

/** Days of a shop, how many steps each has at most, and the seed that makes them. */
export const SEQUENCES = {
  runs: size('SEQUENCE_RUNS', 15, 300),
  steps: size('SEQUENCE_STEPS', 15, 40),
  seed: size('SEQUENCE_SEED', Date.now() % 1_000_000, Date.now() % 1_000_000),
};

/** Backups that are restored after more writes: runs of each way, steps before and after, and the seed that makes them. */
export const RESTORES = {
  runs: size('RESTORE_RUNS', 2, 60),
  steps: size('RESTORE_STEPS', 9, 30),
  seed: size('RESTORE_SEED', Date.now() % 1_000_000, Date.now() % 1_000_000),
};

/** Clients that send too much, too slowly or not at all. */
export const ABUSE = {
  silent: size('ABUSE_SILENT', 60, 500),
  slowBodies: size('ABUSE_SLOW_BODIES', 45, 200),
  bodyMiB: size('ABUSE_BODY_MIB', 12, 50),
  bombMiB: size('ABUSE_BOMB_MIB', 16, 1024),
  pipelined: size('ABUSE_PIPELINED', 50, 500),
};
