import { Semaphore, Semaphores } from '../../common/semaphore';
import { TooManyRequests } from '../../common/common.errors';

/** An export holds a connection; the others of a process wait. */
const ofProcess = new Semaphore(2, 20);
/** Those of one shop wait for each other before that, so that they take one place of the process at most. */
const ofShop = new Semaphores(1, 20, TooManyRequests);

/**
 * Writes an export when it is its turn.
 * @throws TooManyRequests if too many of the shop wait; Overloaded if too many shops wait; otherwise what `work` throws
 */
export function exportInTurn<T>(shopId: string, work: () => Promise<T>): Promise<T> {
  return ofShop.run(shopId, () => ofProcess.run(work));
}
