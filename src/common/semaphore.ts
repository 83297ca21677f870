import type { AppErrorClass } from './app-error';
import { Overloaded } from './common.errors';

const RETRY_SECONDS = 2;

/**
 * Semaphore with a bounded queue: work beyond `width` waits, and beyond `room` is refused at once. The queues of
 * p-limit, fastq and async-mutex have no bound; cockatiel's bulkhead has one, but needs Node 22.
 */
export class Semaphore {
  private running = 0;
  private readonly queue: (() => void)[] = [];

  /**
   * @param width how many may run at the same time
   * @param room how many may wait
   * @param Refusal error of the others
   */
  constructor(
    private readonly width: number,
    private readonly room: number,
    private readonly Refusal: AppErrorClass = Overloaded,
  ) {}

  /** @throws Refusal if the queue is full; otherwise what `work` throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.acquire();
    try {
      return await work();
    } finally {
      this.release();
    }
  }

  /** @throws Refusal if `run` would refuse */
  requireRoom(): void {
    if (this.running >= this.width && this.queue.length >= this.room)
      throw new this.Refusal({ retryAfter: RETRY_SECONDS });
  }

  private acquire(): Promise<void> {
    this.requireRoom();
    if (this.running < this.width) {
      this.running++;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.queue.push(resolve));
  }

  /** Hands the place directly to the next in the queue, so that no newcomer overtakes it. */
  private release(): void {
    const next = this.queue.shift();
    if (next === undefined) this.running--;
    else next();
  }
}

/** A semaphore for each key; one without work is forgotten. */
export class Semaphores {
  private readonly all = new Map<string, { semaphore: Semaphore; uses: number }>();

  constructor(
    private readonly width: number,
    private readonly room: number,
    private readonly Refusal: AppErrorClass = Overloaded,
  ) {}

  /** @throws Refusal if the queue of the key is full; otherwise what `work` throws */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const one = this.all.get(key) ?? {
      semaphore: new Semaphore(this.width, this.room, this.Refusal),
      uses: 0,
    };
    this.all.set(key, one);
    one.uses++;
    try {
      return await one.semaphore.run(work);
    } finally {
      if (--one.uses === 0) this.all.delete(key);
    }
  }

  /** @throws Refusal if `run` would refuse */
  requireRoom(key: string): void {
    this.all.get(key)?.semaphore.requireRoom();
  }
}
