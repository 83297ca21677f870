import { TooManyRequests } from '../../../common/common.errors';
import { Semaphore, Semaphores } from '../../../common/semaphore';
import { isContention, isUniqueViolation } from '../../../common/sqlstate';

/** Attempts after a deadlock, a lock that came too late, or a handle that another request took meanwhile. */
const ATTEMPTS = 20;

/** An import holds a connection; the others of a process wait. */
const ofProcess = new Semaphore(2, 20);
/** Those of one shop wait for each other before that: in the database they would keep other shops waiting too. */
const ofShop = new Semaphores(1, 20, TooManyRequests);

/**
 * Runs an import of products, or the undoing of one, when it is its turn.
 * @throws TooManyRequests if too many of the shop wait; Overloaded if too many shops wait; otherwise what `work` throws
 */
export function inTurn<T>(shopId: string, work: () => Promise<T>): Promise<T> {
  return ofShop.run(shopId, () => ofProcess.run(work));
}

/** Repeats a transaction that gave way to others: nothing of it is stored. */
export async function retried<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++)
    try {
      return await transaction();
    } catch (error) {
      if (attempt === ATTEMPTS || !(isContention(error) || isUniqueViolation(error))) throw error;
    }
}
