import { Currency, ListOf, Moment, OneOf, Text, Time, Whole } from '../../http/fields';
import {
  type Report,
  REPORT_BY,
  type ReportBy,
  type ReportLine,
  type StaleShop,
} from '../../public/reports/reports.service';

const COUNT = { min: 0, max: Number.MAX_SAFE_INTEGER };

export class ReportQueryDto {
  @OneOf(REPORT_BY, { optional: true, description: 'What a line is of; default `all`.' })
  by?: ReportBy;

  @Moment({ optional: true, example: '2026-11-01', description: 'First day, UTC.' })
  from?: string;

  @Moment({ optional: true, example: '2026-11-30', description: 'Last day, UTC.' })
  to?: string;

  @Whole({
    min: 1,
    max: 1000,
    optional: true,
    query: true,
    description: 'Maximum number of lines; default 100.',
  })
  limit?: number;
}

export class ReportLineDto implements ReportLine {
  @Text({ max: 63, nullable: true, example: 'corner-shop', description: 'Slug of the shop, day or month.' })
  of: string | null;

  @Currency()
  currency: string;

  @Whole({ ...COUNT, description: 'Sales that are not cancelled.' })
  orders: number;

  @Text({
    max: 40,
    example: '3998',
    description:
      'Those sales less refunds, returns and adjustments, in minor units. A string of digits: the sum may exceed the numbers of JSON that are exact.',
  })
  revenueMinor: string;
}

export class StaleShopDto implements StaleShop {
  @Text({ max: 63, example: 'corner-shop' })
  slug: string;

  @Time({ nullable: true, description: 'When the facts were read that the report has; null if never.' })
  readAt: Date | null;

  @Time()
  failedAt: Date;

  @Text({ max: 1000, example: 'relation "orders" does not exist' })
  error: string;
}

export class ReportDto implements Report {
  @ListOf(ReportLineDto, { max: 1000 })
  lines: ReportLineDto[];

  @Whole(COUNT)
  shops: number;

  @Whole(COUNT)
  products: number;

  @Whole({ ...COUNT, description: 'Size on disk of all shops, indexes included: an estimate.' })
  bytes: number;

  @Time({ nullable: true, description: 'When the shop was read that was read longest ago.' })
  oldestReadAt: Date | null;

  @Whole({ ...COUNT, description: 'Shops that no refresh has read; they are in no figure.' })
  unread: number;

  @ListOf(StaleShopDto, { max: 1_000_000, description: 'Shops that the newest refresh could not read.' })
  failed: StaleShopDto[];
}
