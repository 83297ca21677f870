import { Injectable } from '@nestjs/common';
import { PublicDatabase } from '../../database/control-database';
import type { ShopCounts } from '../../database/shop-activity';

/** Orders of the list, each the largest first, with the count that it sorts by. */
export const ACTIVITY_SORTS = {
  database: 'databaseMs',
  waits: 'waitMs',
  transactions: 'transactions',
  rows: 'rows',
  requests: 'requests',
  errors: 'errors',
  jobs: 'jobs',
} as const satisfies Record<string, keyof ShopCounts>;

export type ActivitySort = keyof typeof ACTIVITY_SORTS;
export const SORT_NAMES = Object.keys(ACTIVITY_SORTS) as [ActivitySort, ...ActivitySort[]];

/** Seconds that the figures are of. */
export const ACTIVITY_SECONDS = 60;

/** A shop and what it did. */
export interface BusyShop extends ShopCounts {
  shopId: string;
  /** Null if the shop was removed since. */
  slug: string | null;
}

/** Shops that did most in the last minute, over all processes. */
@Injectable()
export class ShopActivityService {
  constructor(private readonly database: PublicDatabase) {}

  /** The busiest shops, the busiest first. */
  list(sort: ActivitySort, limit: number): Promise<BusyShop[]> {
    return this.database.read<BusyShop>(
      `SELECT a.shop_id AS "shopId", s.slug, round(sum(database_ms))::bigint AS "databaseMs",
         round(sum(wait_ms))::bigint AS "waitMs", sum(transactions)::bigint AS transactions, sum(rows)::bigint AS rows,
         sum(requests)::bigint AS requests, sum(errors)::bigint AS errors, sum(jobs)::bigint AS jobs
       FROM shop_activity a LEFT JOIN shops s ON s.id = a.shop_id
       WHERE a.at > now() - interval '${ACTIVITY_SECONDS} seconds' GROUP BY a.shop_id, s.slug
       ORDER BY "${ACTIVITY_SORTS[sort]}" DESC, a.shop_id LIMIT $1`,
      [limit],
    );
  }
}
