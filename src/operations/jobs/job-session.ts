import {
  type CronItem,
  type Job,
  parseCronItems,
  type ParsedCronItem,
  run,
  type Runner,
  type Task,
  type WorkerPool,
} from 'graphile-worker';
import type { Pool } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../common/logger';
import { OperatorError } from '../../common/report';
import { JOB_SCHEMA } from '../../database/job-schema';
import { libraryEvents, libraryLogger } from './library-events';
import { RunnerLease } from './runner-lease';

/** @param signal aborted when the process stops, or may no longer do the job: end at the next checkpoint, by an error */
export type JobHandler = (payload: unknown, signal: AbortSignal) => Promise<void>;

/** How often idle workers look for jobs whose time has come, milliseconds. A new job wakes one at once. */
const POLL_MS = 5000;
/** Signs of life in the time of a lease. */
const BEATS = 3;
/** How long the library may take to stop by itself. It never ends when the ends of two jobs could not be stored at once. */
const STOP_MS = 5000;
/** How long the end waits for connections to close; the library may have lost one with the server. */
const CLOSE_MS = 1000;

export interface SessionOptions {
  openPool: () => Pool;
  logger: Logger;
  tasks: ReadonlyMap<string, JobHandler>;
  schedules: ReadonlyMap<string, string>;
  concurrency: number;
  leaseMs: number;
}

/**
 * One run of the library under one lease, on connections of its own: from its start to the loss of the server, of the lease,
 * or to the end of the process.
 */
export class JobSession {
  private readonly lease: RunnerLease;
  private readonly stopping = new AbortController();
  /** Jobs in progress, and those that ended by an error after the signal: id and number of the attempt. */
  private readonly unfinished = new Map<string, number>();
  /** Resolves when the session has to be closed: the library has stopped or cannot, or the lease is lost. */
  readonly ended: Promise<void>;
  /** Resolves when the library has stopped. */
  private readonly stopped: Promise<void>;

  /** @throws OperatorError for a schedule that is not understood; the server's error */
  static async open(options: SessionOptions): Promise<JobSession> {
    const items = cronItems(options.schedules);
    const pool = options.openPool();
    const started = {} as { workers: WorkerPool; session: JobSession };
    const perform: Task = (payload, { job }) => started.session.perform(payload, job);
    try {
      const runner = await run({
        pgPool: pool,
        schema: JOB_SCHEMA,
        logger: libraryLogger(options.logger),
        events: libraryEvents(options.logger, (workers) => void (started.workers = workers)),
        concurrency: options.concurrency,
        pollInterval: POLL_MS,
        noHandleSignals: true,
        // Without batches the library ignores the answer to these two statements: an error would end the process, and
        // the end of the last job before a stop would be lost.
        preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
        parsedCronItems: items,
        taskList: Object.fromEntries([...options.tasks.keys()].map((name) => [name, perform])),
      });
      started.session = new JobSession(runner, started.workers, pool, options);
      return started.session;
    } catch (error) {
      await pool.end();
      throw error;
    }
  }

  private constructor(
    private readonly runner: Runner,
    private readonly workers: WorkerPool,
    private readonly pool: Pool,
    private readonly options: SessionOptions,
  ) {
    this.lease = new RunnerLease(pool, options.leaseMs);
    const { signal } = this.stopping;
    this.ended = new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    void this.beat(); // it catches all
    this.stopped = runner.promise
      .catch((err: unknown) => options.logger.warn({ event: 'jobs.stopped', err }))
      .finally(() => this.stopping.abort());
    runner.events.once('pool:gracefulShutdown', () => {
      setTimeout(() => this.stopping.abort(), STOP_MS).unref(); // its jobs end by then, or begin again elsewhere
    });
  }

  /** Lets the jobs in progress end, or returns them after `graceMs`: another runner takes them at once. */
  async close(graceMs: number): Promise<void> {
    this.stopping.abort();
    const stop = this.runner.stop().catch(() => undefined); // it stops by itself
    await Promise.race([Promise.all([stop, this.stopped]), sleep(graceMs, undefined, { ref: false })]);
    try {
      await this.lease.giveUp(this.workers.id, this.unfinished);
    } finally {
      await Promise.race([this.pool.end(), sleep(CLOSE_MS, undefined, { ref: false })]);
    }
  }

  private async perform(payload: unknown, job: Job): Promise<void> {
    this.unfinished.set(job.id, job.attempts);
    try {
      await this.options.tasks.get(job.task_identifier)!(payload, this.stopping.signal); // the library asks for these tasks only
    } catch (error) {
      if (!this.stopping.signal.aborted) this.unfinished.delete(job.id);
      throw error;
    }
    this.unfinished.delete(job.id);
  }

  /** Keeps the lease until the session stops; stops it when the lease is lost. */
  private async beat(): Promise<void> {
    const { signal } = this.stopping;
    const { leaseMs, logger } = this.options;
    let held = performance.now();
    await this.lease
      .take(this.workers.id)
      .catch((err: unknown) => logger.warn({ event: 'jobs.lease_failed', err }));
    while (!signal.aborted) {
      await sleep(leaseMs / BEATS, undefined, { signal }).catch(() => undefined); // aborted: the loop checks
      if (signal.aborted) return;
      try {
        const asked = performance.now();
        if (await this.lease.renew(this.workers.id)) held = asked;
        else held = -Infinity;
        const released = await this.lease.releaseOrphans();
        if (released > 0) {
          logger.warn({ event: 'jobs.released', released });
          this.workers.nudge(released);
        }
      } catch (err) {
        logger.warn({ event: 'jobs.lease_failed', err });
      }
      if (performance.now() - held > leaseMs) {
        logger.error({ event: 'jobs.lease_lost' });
        this.unfinished.clear(); // they are others' by now
        this.stopping.abort();
      }
    }
  }
}

/** One run at a time, which a next one does not overtake; a run that still waits is replaced by the next. */
function cronItems(schedules: ReadonlyMap<string, string>): ParsedCronItem[] {
  const items = [...schedules].map(([task, match]): CronItem => ({
    task,
    match,
    identifier: task,
    options: { queueName: `schedule ${task}`, jobKey: `schedule ${task}` },
  }));
  try {
    return parseCronItems(items);
  } catch (cause) {
    throw new OperatorError(`A schedule is no cron expression: ${[...schedules.values()].join(', ')}`, {
      cause,
    });
  }
}
