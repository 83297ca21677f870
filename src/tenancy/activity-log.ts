import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { LOGGER, type Logger } from '../common/logger';
import { type Times, TIMES } from '../config/times';
import { PublicDatabase } from '../database/control-database';
import { ShopActivity } from '../database/shop-activity';

const FLUSH_MS = 5000;

/** Removes what this process wrote some minutes ago, and what dead processes left, and stores the rest in one message. */
const FLUSH = `
  WITH old AS (
    DELETE FROM shop_activity WHERE at < now() - interval '2 minutes' AND (process = $1 OR at < now() - interval '10 minutes'))
  INSERT INTO shop_activity (process, shop_id, database_ms, wait_ms, transactions, rows, requests, errors, jobs)
  SELECT $1, * FROM unnest($2::uuid[], $3::real[], $4::real[], $5::int[], $6::bigint[], $7::int[], $8::int[], $9::int[])`;

/**
 * Writes what shops did in this process into `public.shop_activity`, every few seconds, so that operators see the busiest shops over all
 * processes. The table is UNLOGGED and keeps two minutes. An idle process writes nothing.
 */
@Injectable()
export class ActivityLog implements OnModuleDestroy {
  private readonly process = randomUUID();
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> = Promise.resolve();

  constructor(
    private readonly activity: ShopActivity,
    private readonly database: PublicDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(TIMES) private readonly times: Times,
  ) {}

  /** It does not start with the module, because commands load the module too. */
  start(): void {
    let isBusy = false;
    this.timer = setInterval(() => {
      if (isBusy) return; // the database is slow or away
      isBusy = true;
      this.flushing = this.flush()
        .catch((err: unknown) => this.logger.warn({ event: 'activity.not_written', err }))
        .finally(() => (isBusy = false));
    }, this.times.activityFlushMs ?? FLUSH_MS).unref();
  }

  /** Stores what shops did since the last call. What cannot be stored is lost. */
  async flush(): Promise<void> {
    const taken = this.activity.take();
    if (taken.length === 0) return;
    const column = <T>(of: (entry: (typeof taken)[number]) => T) => taken.map(of);
    await this.database.read(FLUSH, [
      this.process,
      column(([shopId]) => shopId),
      column(([, { databaseMs }]) => databaseMs),
      column(([, { waitMs }]) => waitMs),
      column(([, { transactions }]) => transactions),
      column(([, { rows }]) => rows),
      column(([, { requests }]) => requests),
      column(([, { errors }]) => errors),
      column(([, { jobs }]) => jobs),
    ]);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.flushing;
  }
}
