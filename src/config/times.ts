/** Injection token of the times. */
export const TIMES = Symbol('Times');

/**
 * Waiting times that operators have no reason to set, in milliseconds. Each has its default where it is used; tests pass
 * shorter ones, so that they need not wait.
 */
export interface Times {
  /** How long access is cached; not longer than `ACCESS_CACHE_MS`, for which contract migrations wait. */
  accessCacheMs?: number;
  /** How long what a shop uses of its quotas is cached, and how old a measurement may be. */
  usageCacheMs?: number;
  /** How long signing keys are cached. */
  keyCacheMs?: number;
  /** How long the public login's connections wait for the response to a statement. */
  publicResponseMs?: number;
  /** How long a tenant's connections wait for a response beyond `STATEMENT_TIMEOUT_MS`. */
  networkMs?: number;
  /** How long a stop waits for requests in flight before it closes their connections. */
  stopGraceMs?: number;
  /** How long a start waits for a database that cannot be reached. */
  databaseWaitMs?: number;
  /** How long figures of the installation are kept for further requests of the metrics. */
  metricsKeepMs?: number;
  /** How often a process writes what shops did in it. */
  activityFlushMs?: number;
  /** How long a runner of jobs is trusted without a sign of life, before others take its jobs. */
  jobLeaseMs?: number;
  /** How often a worker looks for jobs of shops. */
  jobPollMs?: number;
}
