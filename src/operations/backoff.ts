import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/**
 * Pauses all workers of a run while the server is in trouble. Each pause is longer than the last and has random jitter,
 * so that several runners do not return at the same moment. The first success ends it.
 */
export class Backoff {
  private level = 0;
  private until = 0;
  private since = 0;

  /**
   * @param limitMs how long the trouble may last
   * @param onPause called once per pause
   */
  constructor(
    private readonly limitMs: number,
    private readonly onPause: (error: unknown, ms: number) => void,
  ) {}

  /** Starts a pause, or extends it. @throws `error` when the trouble has lasted longer than the limit */
  report(error: unknown): void {
    const now = Date.now();
    if (this.level === 0) this.since = now;
    if (now - this.since > this.limitMs) throw error;
    if (now < this.until) return; // another worker has reported it
    const ms = Math.min(FIRST_MS * 2 ** this.level, LONGEST_MS) * (0.75 + Math.random() / 2);
    this.level++;
    this.until = now + ms;
    this.onPause(error, ms);
  }

  /** Waits for the end of the pause; returns immediately when there is none. */
  async wait(signal: AbortSignal): Promise<void> {
    while (Date.now() < this.until && !signal.aborted)
      await sleep(this.until - Date.now(), undefined, { signal }).catch(() => undefined); // aborted: checked above
  }

  succeed(): void {
    this.level = 0;
  }
}
