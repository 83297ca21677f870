import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/**
 * Holds all workers of a run back while the server is in trouble: longer each time, with some chance in it, so
 * that several runners do not come back at the same moment. The first success ends it.
 */
export class Pause {
  private level = 0;
  private until = 0;
  private since = 0;

  /**
   * @param limitMs how long the trouble may last
   * @param onPause is told once each time that all wait
   */
  constructor(
    private readonly limitMs: number,
    private readonly onPause: (error: unknown, ms: number) => void,
  ) {}

  /** @throws `error` when the trouble has lasted longer than the limit */
  report(error: unknown): void {
    const now = Date.now();
    if (this.level === 0) this.since = now;
    if (now - this.since > this.limitMs) throw error;
    if (now < this.until) return; // another worker has met it too
    const ms = Math.min(FIRST_MS * 2 ** this.level, LONGEST_MS) * (0.75 + Math.random() / 2);
    this.level++;
    this.until = now + ms;
    this.onPause(error, ms);
  }

  /** Returns at once when all is well. */
  async wait(signal: AbortSignal): Promise<void> {
    while (Date.now() < this.until && !signal.aborted)
      await sleep(this.until - Date.now(), undefined, { signal }).catch(() => undefined); // aborted: the caller looks
  }

  succeed(): void {
    this.level = 0;
  }
}
