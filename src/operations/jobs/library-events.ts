import { EventEmitter } from 'node:events';
import { Logger as LibraryLogger, type Worker, type WorkerEvents, type WorkerPool } from 'graphile-worker';
import type { Logger } from '../../common/logger';

/** How long after a job of a queue the next one is looked for again, and how often. Milliseconds. */
const QUEUE_RETRY = { for: 1000, every: 10 };

/** Passes the library's own errors to our log. Failed jobs are logged from events, with fields. */
export function libraryLogger(logger: Logger): LibraryLogger {
  return new LibraryLogger(() => (level, message, meta) => {
    if (String(level) === 'error' && meta?.['failure'] !== true)
      logger.warn({ event: 'jobs.library', err: meta?.['error'] }, message);
  });
}

/** Events of one run of the library. @param onPool called with its workers, whose id locks their jobs */
export function libraryEvents(logger: Logger, onPool: (workers: WorkerPool) => void): WorkerEvents {
  const events = new EventEmitter() as WorkerEvents;
  const released = new WeakSet<Worker>();
  let lastOfQueue = -Infinity;
  events.on('pool:create', ({ workerPool }) => onPool(workerPool));
  events.on('job:error', ({ job, error }) => {
    const isDead = job.attempts >= job.max_attempts;
    logger[isDead ? 'error' : 'warn']({
      event: isDead ? 'job.dead' : 'job.failed',
      task: job.task_identifier,
      job: job.id,
      attempt: job.attempts,
      err: error,
    });
  });
  events.on('job:complete', ({ job }) => {
    if (job.job_queue_id !== null) lastOfQueue = performance.now();
  });
  events.on('worker:release', ({ worker }) => released.add(worker));
  // The library looks for the next job before it has stored the end of the last one. The queue is still locked then, and it
  // would wait for the next poll: a queue would do one job in each.
  events.on('worker:getJob:empty', ({ worker }) => {
    if (performance.now() - lastOfQueue > QUEUE_RETRY.for) return;
    setTimeout(() => {
      if (!released.has(worker)) worker.nudge(); // it throws once released
    }, QUEUE_RETRY.every).unref();
  });
  return events;
}
