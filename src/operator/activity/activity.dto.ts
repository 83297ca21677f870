import { Id, ListOf, OneOf, Text, Whole } from '../../http/fields';
import {
  ACTIVITY_SECONDS,
  type ActivitySort,
  type BusyShop,
  SORT_NAMES,
} from '../../public/shops/shop-activity.service';
import type { LockWait } from '../../public/shops/lock-waits.service';

const COUNT = { min: 0, max: Number.MAX_SAFE_INTEGER, example: 120 };

export class TopShopsQuery {
  @OneOf(SORT_NAMES, { optional: true, description: 'The largest first; default `database`.' })
  sort: ActivitySort = 'database';

  @Whole({ min: 1, max: 100, optional: true, query: true, example: 20, description: 'Default 20.' })
  limit: number = 20;
}

export class BusyShopDto implements BusyShop {
  @Id()
  shopId: string;

  @Text({ max: 60, nullable: true, example: 'corner-shop', description: 'Null if the shop was removed.' })
  slug: string | null;

  @Whole({ ...COUNT, description: 'Time in which it held connections to the database.' })
  databaseMs: number;

  @Whole({ ...COUNT, description: 'Time in which its transactions waited for connections.' })
  waitMs: number;

  @Whole(COUNT)
  transactions: number;

  @Whole({ ...COUNT, description: 'Rows that its statements returned or changed.' })
  rows: number;

  @Whole(COUNT)
  requests: number;

  @Whole({ ...COUNT, description: 'Answers 429 and 5xx, and failed jobs.' })
  errors: number;

  @Whole(COUNT)
  jobs: number;
}

export class TopShopsDto {
  @Whole({ min: 1, max: 3600, example: ACTIVITY_SECONDS, description: 'Seconds that the figures are of.' })
  seconds: number;

  @ListOf(BusyShopDto, { max: 100 })
  items: BusyShopDto[];
}

/** Waits that an answer has at most. */
export const MOST_WAITS = 100;

const SHOP = { max: 60, nullable: true, example: 'corner-shop' };
const STATEMENT = { max: 500, nullable: true, example: 'UPDATE product_variants SET stock = stock - $1' };

export class LockWaitDto implements LockWait {
  @Whole(COUNT)
  pid: number;

  @Text({ ...SHOP, description: 'Shop whose transaction waits; null for anything else.' })
  shop: string | null;

  @Text({ max: 63, example: 'stoa shop_0198c0de000070008000000000000000' })
  application: string;

  @Text({ max: 63, example: 'product_variants', description: 'Table, or kind of the lock.' })
  object: string;

  @Text({ max: 63, example: 'RowExclusive' })
  mode: string;

  @Whole(COUNT)
  waitedMs: number;

  @Text({ ...STATEMENT, description: 'Without values; null where the server does not show it.' })
  statement: string | null;

  @Whole({ ...COUNT, description: 'Session that it waits for; 0 for a prepared transaction.' })
  holderPid: number;

  @Text(SHOP)
  holderShop: string | null;

  @Text({ max: 63, nullable: true, example: 'psql' })
  holderApplication: string | null;

  @Text({ max: 63, nullable: true, example: 'idle in transaction' })
  holderState: string | null;

  @Whole({ ...COUNT, nullable: true, description: 'Age of its transaction.' })
  holderMs: number | null;

  @Text({ ...STATEMENT, description: 'The statement that it sent last.' })
  holderStatement: string | null;
}

export class LockWaitsDto {
  @ListOf(LockWaitDto, { max: MOST_WAITS })
  items: LockWaitDto[];
}
