import { Id, ListOf, OneOf, Text, Whole } from '../../http/fields';
import {
  ACTIVITY_SECONDS,
  type ActivitySort,
  type BusyShop,
  SORT_NAMES,
} from '../../public/shops/shop-activity.service';

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
