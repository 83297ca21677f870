import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { LOGGER, type Logger } from '../common/logger';
import { ENV, type Env } from '../config/env';
import { PublicDatabase } from '../database/control-database';
import { TenantDatabase } from './tenant-database';
import { WarmPool } from './warm-pool';

/** Interval at which the pool is checked, milliseconds. */
const POLL_MS = 500;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;

/** Keeps the warm pool full in the background, until the application closes. */
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

  /** Starts the loop; call it once. It does not start with the module, because commands load the module too. */
  start(): void {
    if (this.env.WARM_TENANTS > 0) this.running = this.keepFull(this.closing.signal);
  }

  /** Runs before the pools close; finishes the tenant or the batch of roles in progress. */
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
      await sleep(restMs, undefined, { signal }).catch(() => undefined); // aborted: the loop checks
    }
  }

  /** @returns pause in milliseconds; as long as the work took, so that it uses at most half of one connection */
  private async addOne(): Promise<number> {
    if (this.isBusy()) return POLL_MS;
    const started = performance.now();
    const added = await this.pool.add(this.env.WARM_TENANTS);
    if (added === null) return POLL_MS;
    const ms = Math.round(performance.now() - started);
    this.logger.debug({ event: 'warm_pool.tenant_added', added, ms });
    return ms;
  }

  /** True while requests wait for a connection: they go first, and new shops are created inline meanwhile. */
  private isBusy(): boolean {
    return this.tenants.load().waiting + this.publicSide.load().waiting > 0;
  }
}
