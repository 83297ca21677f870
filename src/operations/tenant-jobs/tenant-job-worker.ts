import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { newId } from '../../common/ids';
import { ENV, type Env } from '../../config/env';
import { type Times, TIMES } from '../../config/times';
import type { DueShop } from './job-store';
import { type Left, Slice, SliceTools } from './slice';

/** How often the worker looks for shops with jobs. Milliseconds. */
const POLL_MS = 1000;
/** A runner without a sign of life for this long loses its shops. Milliseconds. */
const LEASE_MS = 15_000;
const BEATS = 3;
/** How long a stop waits for jobs in progress. Milliseconds. */
const GRACE_MS = 20_000;
/** Shops at once: a part of the connections, which requests need too. */
const CONNECTIONS_FOR_ONE = 4;
/** How long a shop whose jobs cannot begin is left alone. Milliseconds. */
const REST_MS = 2000;
/** Shops whose last turn is remembered. */
const SHOPS = 10_000;

/**
 * Does the jobs of shops in turns. The shop whose last turn is longest ago is next, so one with a single job waits for at most one
 * turn of each other shop, however many jobs those have. The queue is the table: what is lost with a process is found again there.
 */
@Injectable()
export class TenantJobWorker implements OnModuleDestroy {
  private readonly stopping = new AbortController();
  /** Turns in progress, by shop. */
  private readonly turns = new Map<string, Turn>();
  /** Number of the last turn of a shop. */
  private readonly served = new LRUCache<string, number>({ max: SHOPS });
  private readonly resting = new LRUCache<string, true>({ max: SHOPS });
  private readonly atOnce: number;
  private readonly leaseMs: number;
  private turn = 0;
  private queue: DueShop[] = [];
  private waking = new AbortController();
  private working: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly tools: SliceTools,
    @Inject(ENV) { TENANT_POOL_SIZE }: Env,
    @Inject(TIMES) private readonly times: Times,
  ) {
    this.atOnce = Math.max(1, Math.floor(TENANT_POOL_SIZE / CONNECTIONS_FOR_ONE));
    this.leaseMs = times.jobLeaseMs ?? LEASE_MS;
  }

  /** Starts the work; call it once. It does not start with the module, because commands load the module too. */
  start(): void {
    this.working = Promise.all([this.keepWorking(), this.keepBeating()]);
  }

  /** Lets the jobs in progress end, and returns those that do not end in time. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    this.waking.abort();
    const timer = setTimeout(() => {
      for (const { ending } of this.turns.values()) ending.abort(new Error('the process stops'));
    }, this.times.stopGraceMs ?? GRACE_MS);
    await this.working;
    clearTimeout(timer);
  }

  private async keepWorking(): Promise<void> {
    const { signal } = this.stopping;
    const pollMs = this.times.jobPollMs ?? POLL_MS;
    let lookedAt = -Infinity;
    while (!signal.aborted) {
      this.waking = new AbortController();
      if (performance.now() - lookedAt >= pollMs) {
        lookedAt = performance.now();
        await this.look().catch((err: unknown) => this.warn('tenant_jobs.not_found', err));
      }
      while (this.turns.size < this.atOnce && this.queue.length > 0) this.begin(this.queue.shift()!); // there is one
      const restMs = Math.max(1, lookedAt + pollMs - performance.now());
      await sleep(restMs, undefined, { signal: this.waking.signal }).catch(() => undefined); // woken
    }
    await Promise.all([...this.turns.values()].map(({ ended }) => ended));
  }

  /** Finds the shops with jobs. Those that had no turn for longest come first. */
  private async look(): Promise<void> {
    const due = await this.tools.store.due();
    const lastTurn = ({ shopId }: DueShop) => this.served.get(shopId) ?? 0;
    this.queue = due
      .filter(({ shopId }) => !this.turns.has(shopId) && !this.resting.has(shopId))
      .sort((a, b) => lastTurn(a) - lastTurn(b));
  }

  private begin(shop: DueShop): void {
    const { shopId } = shop;
    const lease = newId();
    const ending = new AbortController();
    this.served.set(shopId, ++this.turn);
    const ended = this.serve(shop, lease, ending.signal)
      .catch((err: unknown) => {
        this.warn('tenant_jobs.turn_failed', err, shopId);
        return 'stuck' as const;
      })
      .then((left) => {
        this.turns.delete(shopId);
        if (left === 'more') this.queue.push(shop);
        if (left === 'stuck') this.resting.set(shopId, true, { ttl: this.times.jobPollMs ?? REST_MS });
        this.waking.abort();
      });
    this.turns.set(shopId, { lease, ending, ended });
  }

  private async serve({ shopId, isGone }: DueShop, lease: string, signal: AbortSignal): Promise<Left> {
    const { store } = this.tools;
    if (!(await store.lease(shopId, lease, this.leaseMs))) return 'none';
    try {
      if (isGone) return (await store.dropOf(shopId)) > 0 ? 'none' : 'more';
      return await new Slice(this.tools, shopId, lease, signal, () => this.stopping.signal.aborted).run();
    } finally {
      await store.release(shopId, lease);
    }
  }

  /** Renews the leases of the turns in progress, and ends those that others have taken. */
  private async keepBeating(): Promise<void> {
    const { signal } = this.stopping;
    let renewedAt = performance.now();
    while (!signal.aborted || this.turns.size > 0) {
      await sleep(this.leaseMs / BEATS, undefined, signal.aborted ? {} : { signal }).catch(() => undefined);
      const turns = [...this.turns.values()];
      const askedAt = performance.now();
      try {
        const held = new Set(
          await this.tools.store.renew(
            turns.map(({ lease }) => lease),
            this.leaseMs,
          ),
        );
        renewedAt = askedAt;
        for (const { lease, ending } of turns)
          if (!held.has(lease)) ending.abort(new Error('another runner has the shop'));
      } catch (err) {
        this.warn('tenant_jobs.lease_failed', err);
        if (performance.now() - renewedAt > this.leaseMs)
          for (const { ending } of turns) ending.abort(new Error('the lease has ended'));
      }
    }
  }

  private warn(event: string, err: unknown, shopId?: string): void {
    this.tools.logger.warn({ event, ...(shopId !== undefined && { shopId }), err });
  }
}

/** A turn in progress. */
interface Turn {
  lease: string;
  /** Aborts its jobs. */
  ending: AbortController;
  ended: Promise<void>;
}
