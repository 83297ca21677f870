import { availableParallelism } from 'node:os';
import type { Selection, UnmigratedTenant } from './tenant-registry';

export interface RunOptions extends Selection {
  /** At most so many tenants, the oldest first. */
  limit?: number;
  /** Connections at work. */
  concurrency?: number;
  /** Tenants to begin with: these, or so many per cent drawn by lot. A failure among them ends the run. */
  canary?: { shopIds: readonly string[] } | { percent: number };
  /** Further shares to go on with one after the other, per cent of all; the rest comes last. */
  waves?: readonly number[];
  /** Failures that end the run. */
  errorBudget?: number;
  /** How long to come back to tenants that are busy, after the last success. Milliseconds. */
  patienceMs?: number;
  /** How long to wait for a server in trouble. Milliseconds. */
  pauseLimitMs?: number;
  /** Of one statement of a step. Milliseconds. */
  statementMs?: number;
  signal?: AbortSignal;
  onProgress?: (progress: RunProgress) => void;
  /** All workers wait, because of this. Milliseconds. */
  onPause?: (error: unknown, ms: number) => void;
}

export interface RunProgress {
  done: number;
  total: number;
  failed: number;
}

export interface RunSummary {
  /** Null when there was nothing to do. */
  runId: string | null;
  /** Version that tenants were brought to. */
  target: number;
  /** Tenants that were to be migrated when the run began. */
  total: number;
  migrated: number;
  failed: UnmigratedTenant[];
  /** Busy to the end. */
  deferred: UnmigratedTenant[];
  /** `stopped`: by the run itself, see `reason`. `unfinished`: some could not be migrated. */
  outcome: 'done' | 'unfinished' | 'stopped' | 'interrupted';
  reason?: string;
}

/** Measured best between two and four on two cores; more only wait for one another at the server. */
export function defaultConcurrency(): number {
  return Math.min(Math.max(availableParallelism(), 2), 8);
}

/** A broken migration fails at every tenant: the sooner it stops, the less there is to look at. */
export function defaultBudget(total: number): number {
  return Math.max(5, Math.ceil(total / 100));
}
