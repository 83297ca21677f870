import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { OperatorError } from '../common/report';
import type { Logger } from '../common/logger';

/** Between the end of a worker and the start of the next, milliseconds: one that cannot run must not fork without pause. */
const RESTART_MS = 1000;

/**
 * Processes that serve on one port, each of which accepts connections by itself. They share nothing but the database.
 * One that ends by itself is replaced; when this process dies, they end too.
 */
export class Workers {
  private isStopping = false;

  constructor(
    private readonly count: number,
    private readonly logger: Logger,
  ) {}

  /**
   * @returns the port, once all are ready
   * @throws OperatorError when one ends before, having said why
   */
  async start(): Promise<number> {
    // Handing connections out, Node's default, loses one that is on its way to a worker that dies: it stays open, and nobody
    // answers it.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    const ports = await Promise.all(Array.from({ length: this.count }, () => this.fork()));
    return ports[0]!; // there are two at least
  }

  /** Lets each finish what it has in hand. */
  async stop(): Promise<void> {
    this.isStopping = true;
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    await Promise.all(workers.map((worker) => end(worker)));
  }

  /** @returns its port, once it is ready */
  private fork(): Promise<number> {
    return new Promise((resolve, reject) => {
      const ended = (how: object) => {
        reject(new OperatorError('A worker did not start; its own message is above.')); // unless it was ready
        if (!this.isStopping) this.replace(how);
      };
      const worker = forked(ended);
      if (worker === undefined) return;
      const { pid } = worker.process;
      worker.once('listening', ({ port }) => resolve(port));
      worker.once('exit', (code, signal) => ended({ pid, code, signal }));
      worker.on('error', (error) => {
        if (pid === undefined) return ended({ err: error }); // it was not even begun, and has no exit
        // A message to one that has just died; unheard it would end this process.
        this.logger.warn({ event: 'worker.not_reached', err: error });
      });
    });
  }

  private replace(how: object): void {
    this.logger.error({ event: 'worker.ended', ...how });
    setTimeout(() => {
      if (this.isStopping) return;
      this.fork().then(
        (port) => this.logger.info({ event: 'worker.replaced', port }),
        () => undefined, // its end is logged, and the next is on its way
      );
    }, RESTART_MS).unref();
  }
}

/** @param failed hears why there is none: no memory, no more processes */
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
