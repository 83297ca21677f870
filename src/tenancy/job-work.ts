import type { EntityManager } from 'typeorm';
import { runAsLogin } from '../database/transactions';

type Work<T> = (manager: EntityManager) => Promise<T>;

/** Thrown when a job is no longer this runner's: another has taken it, or an operator has dropped it. Nothing was stored. */
export class JobTaken extends Error {
  constructor() {
    super('the job belongs to another runner by now, or was dropped');
  }
}

/** A job that is being done: its row goes in the same transaction as the writes of its handler, so their effect is there once. */
export class JobWork {
  /** True once the job has ended, with all that its handler wrote. */
  isDone = false;
  private isOpen = false;

  constructor(
    private readonly id: string,
    private readonly lease: string,
  ) {}

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
        await this.finish(manager);
        return done;
      });
      this.isDone = true;
      return result;
    } finally {
      this.isOpen = false;
    }
  }

  private async finish(manager: EntityManager): Promise<void> {
    const [row] = await runAsLogin<{ ok: boolean }>(manager, () => [
      'SELECT jobs.finish_tenant_job($1, $2) AS ok',
      [this.id, this.lease],
    ]);
    if (row?.ok !== true) throw new JobTaken();
  }
}
