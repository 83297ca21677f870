import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';

/** Bounds of the cache in a process. */
const ENTRIES = 50_000;
const BYTES = 32 * 1024 * 1024;
/** Longest value that is kept, in characters. */
const MAX_VALUE = 256 * 1024;
/** Life of a generation that nobody reads, seconds; longer than that of any value. */
const GENERATION_SECONDS = 86_400;

/** State of a key when it is read. */
export interface Found {
  /** Generation of the data that the value depends on, now. */
  generation: string;
  /** Undefined if there is none of this generation. */
  value: string | undefined;
}

/**
 * Values, each with the generations that it was made in. A write begins new generations, which are never those of before, so
 * a value that was made from older data is stored under generations that nobody asks for any more.
 */
export interface CacheStore {
  /** Processes share it. */
  readonly isShared: boolean;
  read(generations: readonly string[], key: string): Promise<Found>;
  /** @param generation as it was read, before the value was made */
  write(key: string, generation: string, value: string, ttlMs: number): Promise<void>;
  /** Begins new generations. */
  renew(generations: readonly string[]): Promise<void>;
  close(): void;
}

/** Keeps values in this process; another one learns nothing of its writes. */
export class MemoryStore implements CacheStore {
  readonly isShared = false;
  /** One that is forgotten is as good as a new one. */
  private readonly generations = new LRUCache<string, string>({ max: ENTRIES });
  private readonly values = new LRUCache<string, { generation: string; value: string }>({
    ...{ max: ENTRIES, maxSize: BYTES, maxEntrySize: MAX_VALUE * 2 },
    sizeCalculation: ({ value }, key) => 2 * (value.length + key.length) + 100,
  });
  private last = 0;

  read(generations: readonly string[], key: string): Promise<Found> {
    const generation = generations.map((name) => this.generationOf(name)).join(' ');
    const found = this.values.get(key);
    return Promise.resolve({
      generation,
      value: found?.generation === generation ? found.value : undefined,
    });
  }

  write(key: string, generation: string, value: string, ttlMs: number): Promise<void> {
    this.values.set(key, { generation, value }, { ttl: ttlMs });
    return Promise.resolve();
  }

  renew(generations: readonly string[]): Promise<void> {
    for (const name of generations) this.generations.delete(name);
    return Promise.resolve();
  }

  close(): void {
    this.values.clear();
  }

  private generationOf(name: string): string {
    const known = this.generations.get(name);
    if (known !== undefined) return known;
    const begun = String(++this.last);
    this.generations.set(name, begun);
    return begun;
  }
}

/** Keeps values in Redis, for all processes. Rejects while Redis is away. */
export class RedisStore implements CacheStore {
  readonly isShared = true;

  constructor(private readonly client: Redis) {}

  async read(generations: readonly string[], key: string): Promise<Found> {
    const [packed, ...known] = await this.client.mget([key, ...generations].map(named));
    const begun = await Promise.all(
      generations.map((name, i) => this.begun(name, known[i] ?? null)), // one for each
    );
    const generation = begun.join(' ');
    const isOfNow = packed?.startsWith(`${generation}\n`) === true;
    return { generation, value: isOfNow ? packed.slice(generation.length + 1) : undefined };
  }

  async write(key: string, generation: string, value: string, ttlMs: number): Promise<void> {
    if (value.length > MAX_VALUE) return;
    await this.client.set(named(key), `${generation}\n${value}`, 'PX', ttlMs);
  }

  async renew(generations: readonly string[]): Promise<void> {
    await this.client.del(generations.map(named));
  }

  close(): void {
    this.client.disconnect();
  }

  /** Random, not counted: Redis may lose a generation and keep values of it. */
  private async begun(name: string, known: string | null): Promise<string> {
    if (known !== null) return known;
    await this.client.set(named(name), randomUUID(), 'EX', GENERATION_SECONDS, 'NX');
    return (await this.client.get(named(name))) ?? randomUUID(); // gone again already: of no use to anybody
  }
}

function named(key: string): string {
  return `stoa:${key}`;
}
