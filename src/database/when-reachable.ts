import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../common/logger';
import { reportOf } from '../common/report';
import { isDatabaseAway } from '../common/sqlstate';

/** How long a start waits for its database: a machine boots, a server recovers from a crash. */
const PATIENCE_MS = 60_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8000;

/**
 * Opens a database that may not be there yet. It tries again after longer and longer pauses, with a line in the log for each.
 * @param patienceMs after this time the last error is thrown
 * @param signal ends the wait
 * @throws at once if the database answers, such as by refusing a password
 */
export async function whenReachable<T>(
  open: () => Promise<T>,
  logger: Logger,
  signal: AbortSignal,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const end = Date.now() + patienceMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await open();
    } catch (error) {
      if (!isAway(error) || Date.now() + pause > end) throw error;
      logger.warn({ event: 'database.awaited', retryMs: pause, reason: reportOf(error) });
      await sleep(pause, undefined, { signal });
    }
  }
}

/** Opening an installation names the database in an error of its own. */
function isAway(error: unknown): boolean {
  return isDatabaseAway(error) || (error instanceof Error && isDatabaseAway(error.cause));
}
