import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { LOGGER, type Logger } from '../../common/logger';
import { type Times, TIMES } from '../../config/times';
import { adminOf, INSTALLATION, type Installation } from '../../database/installation';
import { openJobPool } from '../../database/job-schema';
import type { JobHandler, JobSession } from './job-session';

/** Jobs that one process does at once. */
const CONCURRENCY = 4;
/** A runner without a sign of life for this long loses its jobs. Milliseconds. */
const LEASE_MS = 15_000;
/** How long a stop waits for jobs in progress. Milliseconds. */
const GRACE_MS = 20_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;

/**
 * Does jobs in the background, in a process with admin rights. A job is done at least once: its handler must bear to be
 * started again, also while a frozen process still runs the same job.
 */
@Injectable()
export class JobRunner implements OnModuleDestroy {
  private readonly tasks = new Map<string, JobHandler>();
  private readonly schedules = new Map<string, string>();
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    @Inject(INSTALLATION) private readonly installation: Installation,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(TIMES) private readonly times: Times,
  ) {}

  /** Names the handler of a task; before `start`. Jobs of other tasks wait for a program that knows them. */
  task(name: string, handler: JobHandler): void {
    this.tasks.set(name, handler);
  }

  /**
   * Adds a job of the task at the times of a cron expression (five fields, UTC), one for all processes; before `start`.
   * A time at which no process runs is left out.
   */
  schedule(task: string, cron: string): void {
    this.schedules.set(task, cron);
  }

  /**
   * Starts the work; afterwards it goes on by itself through any loss of the server.
   * @throws OperatorError for a schedule that is not understood, or without admin rights; the server's error
   */
  async start(): Promise<void> {
    const first = await this.open();
    this.running = this.keepRunning(first);
  }

  /** Starts the work as soon as the database lets it, without waiting for that. */
  startInBackground(): void {
    this.running = this.keepRunning(undefined);
  }

  /** Finishes the jobs in progress, or returns them when they do not end in time. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  onModuleDestroy(): Promise<void> {
    return this.stop();
  }

  private async open(): Promise<JobSession> {
    const { url } = adminOf(this.installation);
    const { JobSession } = await import('./job-session.js'); // loads the library, which most processes do not need
    const { tasks, schedules, logger, installation } = this;
    return JobSession.open({
      openPool: () => openJobPool(url, installation.roles, CONCURRENCY + 2, logger),
      logger,
      tasks,
      schedules,
      concurrency: CONCURRENCY,
      leaseMs: this.times.jobLeaseMs ?? LEASE_MS,
    });
  }

  private async keepRunning(first: JobSession | undefined): Promise<void> {
    const { signal } = this.stopping;
    let session = first;
    for (let failures = 0; !signal.aborted;) {
      try {
        session ??= await this.open();
        failures = 0;
        await Promise.race([session.ended, aborted(signal)]);
      } catch (err) {
        this.logger.warn({ event: 'jobs.not_started', err });
      }
      await session
        ?.close(this.times.stopGraceMs ?? GRACE_MS)
        .catch((err: unknown) => this.logger.warn({ event: 'jobs.not_returned', err })); // the lease ends by itself
      session = undefined;
      if (signal.aborted) return;
      const restMs = Math.min(FIRST_RETRY_MS * 2 ** failures++, LONGEST_RETRY_MS);
      await sleep(restMs, undefined, { signal }).catch(() => undefined); // aborted: the loop checks
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
