import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { OperatorError } from './common/report';
import type { Logger } from './common/logger';

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
    const worker = cluster.fork();
    return new Promise((resolve, reject) => {
      worker.once('listening', ({ port }) => resolve(port));
      worker.on('error', (error) => {
        if (worker.process.pid === undefined) throw error; // it was not even forked: nobody would tell its end
        // A message to one that has just died; unheard it would end this process. The end itself is told by 'exit'.
        this.logger.warn({ event: 'worker.not_reached', err: error });
      });
      worker.once('exit', (code, signal) => {
        reject(new OperatorError('A worker did not start; its own message is above.')); // unless it was ready
        if (!this.isStopping) this.replace(worker, code, signal);
      });
    });
  }

  private replace({ process: { pid } }: Worker, code: number, signal: string): void {
    this.logger.error({ event: 'worker.ended', pid, code, signal });
    setTimeout(() => {
      if (this.isStopping) return;
      this.fork().then(
        (port) => this.logger.info({ event: 'worker.replaced', port }),
        () => undefined, // its end is logged, and the next is on its way
      );
    }, RESTART_MS).unref();
  }
}

async function end(worker: Worker): Promise<void> {
  if (worker.isDead()) return;
  const exited = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  await exited;
}
