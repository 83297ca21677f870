import { Overloaded } from './common.errors';

const RETRY_SECONDS = 2;

/** Lets so much work through at once, lets so much more wait in line, and refuses the rest at once. */
export class Gate {
  private running = 0;
  private readonly line: (() => void)[] = [];

  /**
   * @param width how many may run at once
   * @param room how many may wait
   */
  constructor(
    private readonly width: number,
    private readonly room: number,
  ) {}

  /** @throws Overloaded when the line is full; else what `work` throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private enter(): Promise<void> {
    if (this.running < this.width) {
      this.running++;
      return Promise.resolve();
    }
    if (this.line.length >= this.room) throw new Overloaded({ retryAfter: RETRY_SECONDS });
    return new Promise((resolve) => this.line.push(resolve));
  }

  /** The place goes to the next in line, so that nobody slips in between. */
  private leave(): void {
    const next = this.line.shift();
    if (next === undefined) this.running--;
    else next();
  }
}
