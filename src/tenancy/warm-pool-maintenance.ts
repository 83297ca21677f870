import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { LOGGER, type Logger } from '../common/logger';
import { ENV, type Env } from '../config/env';
import { PublicDatabase } from '../database/control-database';
import { TenantDatabase } from './tenant-database';
import { WarmPool } from './warm-pool';

/** How long a tenant that was taken is missed at most, unless requests go first. */
const POLL_MS = 500;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;

/** Keeps the warm pool full beside whatever else the process does, until it is closed. */
@Injectable()
export class WarmPoolMaintenance implements OnModuleDestroy {
  private readonly closing = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly pool: WarmPool,
    private readonly tenants: TenantDatabase,
    private readonly publicSide: PublicDatabase,
    @Inject(ENV) private readonly env: Env,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Not by itself when the module starts: commands have the module too. To be called once. */
  start(): void {
    if (this.env.WARM_TENANTS > 0) this.running = this.keepFull(this.closing.signal);
  }

  /** Before the pools are closed. What is in hand is finished: one tenant, or one batch of roles. */
  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    await this.running;
  }

  private async keepFull(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      let restMs: number;
      try {
        restMs = await this.addOne();
        failures = 0;
      } catch (error) {
        restMs = Math.min(FIRST_RETRY_MS * 2 ** failures++, LONGEST_RETRY_MS);
        this.logger.warn({ event: 'warm_pool.refill_failed', retryMs: restMs, err: error });
      }
      await sleep(restMs, undefined, { signal }).catch(() => undefined); // aborted: the loop looks
    }
  }

  /** @returns how long to rest then. As long as it took, so that it uses half of one connection at most */
  private async addOne(): Promise<number> {
    if (this.isBusy()) return POLL_MS;
    const started = performance.now();
    const added = await this.pool.add(this.env.WARM_TENANTS);
    if (added === null) return POLL_MS;
    const ms = Math.round(performance.now() - started);
    this.logger.debug({ event: 'warm_pool.tenant_added', added, ms });
    return ms;
  }

  /** Requests wait for a connection. While they do, new shops are made inline, as they would be without a warm pool. */
  private isBusy(): boolean {
    return this.tenants.load().waiting + this.publicSide.load().waiting > 0;
  }
}
