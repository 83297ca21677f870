import type { EntityManager } from 'typeorm';
import type { Statement } from '../database/lease';
import { runAsLogin } from '../database/transactions';

type Work<T> = (manager: EntityManager) => Promise<T>;

/**
 * Statement that ends a job, or stores the result of an operation. It answers with `ok`, false if the work is no longer this
 * runner's.
 */
type Ending = (shopId: string, result: unknown) => Statement;

/** Thrown when the work is no longer this runner's: another has taken it, or an operator has dropped it. Nothing was stored. */
export class JobTaken extends Error {
  constructor() {
    super('the work belongs to another runner by now, or was dropped');
  }
}

/** A job or an operation that is being done: it ends in the same transaction as the writes of its handler, so their effect is there once. */
export class JobWork {
  /** True once the work has ended, with all that its handler wrote. */
  isDone = false;
  private isOpen = false;

  constructor(private readonly ending: Ending) {}

  /**
   * Does the work and ends the job, in one transaction.
   * @throws JobTaken; Error for a second transaction, since the job has ended with the first; the errors of both parameters
   */
  async once<T>(transaction: (work: Work<T>) => Promise<T>, work: Work<T>): Promise<T> {
    if (this.isDone || this.isOpen)
      throw new Error('a job writes in one transaction only: add another job for the rest');
    this.isOpen = true;
    try {
      const result = await transaction(async (manager) => {
        const done = await work(manager);
        await this.end(manager, done);
        return done;
      });
      this.isDone = true;
      return result;
    } finally {
      this.isOpen = false;
    }
  }

  private async end(manager: EntityManager, result: unknown): Promise<void> {
    const [row] = await runAsLogin<{ ok: boolean }>(manager, (shopId) => this.ending(shopId, result));
    if (row?.ok !== true) throw new JobTaken();
  }
}
