import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { OperatorError } from '../common/report';
import type { Logger } from '../common/logger';

/** Delay before a worker is replaced, milliseconds: one that cannot run must not be forked in a tight loop. */
const RESTART_MS = 1000;

/**
 * Worker processes that serve on one port; each accepts connections itself. They share nothing but the database. A worker
 * that ends by itself is replaced; when this process dies, all workers end.
 */
export class Workers {
  private isStopping = false;

  constructor(
    private readonly count: number,
    private readonly logger: Logger,
    private readonly operatorPort = 0,
  ) {}

  /**
   * @returns the port, once all workers are ready
   * @throws OperatorError if one ends before that; it has reported why
   */
  async start(): Promise<number> {
    // Node's default hands connections out to workers, and loses one whose worker dies meanwhile: it stays open, unanswered.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    const ports = await Promise.all(Array.from({ length: this.count }, () => this.fork()));
    return ports[0]!; // there are at least two
  }

  /** Stops all workers; each finishes its requests in flight. */
  async stop(): Promise<void> {
    this.isStopping = true;
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    await Promise.all(workers.map((worker) => end(worker)));
  }

  /** Starts a worker. @returns its port, once it is ready */
  private fork(): Promise<number> {
    return new Promise((resolve, reject) => {
      const ended = (how: object) => {
        reject(new OperatorError('A worker did not start; its own message is above.')); // has no effect if it was ready
        if (!this.isStopping) this.replace(how);
      };
      const worker = forked(ended);
      if (worker === undefined) return;
      const { pid } = worker.process;
      worker.on('listening', ({ port }) => {
        if (port !== this.operatorPort) resolve(port); // a worker listens there first
      });
      worker.once('exit', (code, signal) => ended({ pid, code, signal }));
      worker.on('error', (error) => {
        if (pid === undefined) return ended({ err: error }); // it never started, so there is no exit event
        // A message to a worker that has just died; without a listener the error would end this process.
        this.logger.warn({ event: 'worker.unreachable', err: error });
      });
    });
  }

  private replace(how: object): void {
    this.logger.error({ event: 'worker.ended', ...how });
    setTimeout(() => {
      if (this.isStopping) return;
      this.fork().then(
        (port) => this.logger.info({ event: 'worker.replaced', port }),
        () => undefined, // its end is logged, and the next one is scheduled
      );
    }, RESTART_MS); // keeps the process alive, also when no worker is left
  }
}

/** Forks a worker. @param failed called with the reason if it fails: no memory, no more processes */
function forked(failed: (how: object) => void): Worker | undefined {
  try {
    return cluster.fork();
  } catch (error) {
    failed({ err: error });
    return undefined;
  }
}

async function end(worker: Worker): Promise<void> {
  if (worker.isDead()) return;
  const exited = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  await exited;
}
