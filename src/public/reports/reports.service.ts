import { Injectable } from '@nestjs/common';
import { PublicDatabase } from '../../database/control-database';

/** Lines of a report: one in all, or one for each shop, day or month. */
export const REPORT_BY = ['all', 'shop', 'day', 'month'] as const;
export type ReportBy = (typeof REPORT_BY)[number];

export interface ReportQuery {
  by?: ReportBy;
  /** First and last day, UTC, as `2026-11-01`; all by default. */
  from?: string;
  to?: string;
  /** Lines, those with the highest revenue or the newest first; all by default. */
  limit?: number;
}

export interface ReportLine {
  /** Slug of the shop, day or month; null for all. */
  of: string | null;
  currency: string;
  /** Sales that are not cancelled. */
  orders: number;
  /** Those sales less refunds, returns and adjustments, in minor units: digits, since a number is exact up to 2^53 only. */
  revenueMinor: string;
}

/** A shop whose facts are old or missing. */
export interface StaleShop {
  slug: string;
  /** Null if it was never read. */
  readAt: Date | null;
  failedAt: Date;
  error: string;
}

export interface Report {
  lines: ReportLine[];
  shops: number;
  products: number;
  /** Size on disk of all shops, indexes included: an estimate. */
  bytes: number;
  /** When the facts of the shop that was read longest ago were read; null if none was. */
  oldestReadAt: Date | null;
  /** Shops that no refresh has read; they are in no figure. */
  unread: number;
  /** Shops that the newest refresh could not read; their facts are those of before. */
  failed: StaleShop[];
}

const LINE_OF: Record<ReportBy, { line: string; order: string }> = {
  all: { line: 'NULL::text', order: 'sum(d.revenue_minor) DESC' },
  shop: { line: 's.slug', order: 'sum(d.revenue_minor) DESC' },
  day: { line: "to_char(d.day, 'YYYY-MM-DD')", order: '1 DESC' },
  month: { line: "to_char(d.day, 'YYYY-MM')", order: '1 DESC' },
};

const TOTALS = `
  SELECT count(*)::int AS shops, coalesce(sum(r.products), 0)::bigint AS products, coalesce(sum(r.bytes), 0)::bigint AS bytes,
    min(r.read_at) AS "oldestReadAt", count(*) FILTER (WHERE r.read_at IS NULL)::int AS unread
  FROM shops s LEFT JOIN shop_reports r ON r.shop_id = s.id WHERE s.status <> 'deleted'`;

const FAILED = `
  SELECT s.slug, r.read_at AS "readAt", r.failed_at AS "failedAt", r.error
  FROM shop_reports r JOIN shops s ON s.id = r.shop_id
  WHERE r.failed_at IS NOT NULL AND s.status <> 'deleted' ORDER BY r.read_at NULLS FIRST, s.slug`;

/** Reports over all shops, from facts that `reports:refresh` has read; reads no shop. Needs no admin rights. */
@Injectable()
export class ReportsService {
  constructor(private readonly database: PublicDatabase) {}

  async show({ by = 'all', from, to, limit }: ReportQuery): Promise<Report> {
    const { line, order } = LINE_OF[by];
    const lines = await this.database.read<ReportLine>(
      `SELECT ${line} AS of, d.currency, sum(d.orders)::bigint AS orders, sum(d.revenue_minor)::text AS "revenueMinor"
       FROM shop_days d JOIN shops s ON s.id = d.shop_id
       WHERE s.status <> 'deleted' AND ($1::date IS NULL OR d.day >= $1) AND ($2::date IS NULL OR d.day <= $2)
       GROUP BY 1, 2 ORDER BY ${order}, 1, 2 LIMIT $3`,
      [from ?? null, to ?? null, limit ?? null],
    );
    const [totals] = await this.database.read<Omit<Report, 'lines' | 'failed'>>(TOTALS, []);
    return { lines, ...totals!, failed: await this.database.read<StaleShop>(FAILED, []) }; // an aggregate has one row
  }
}
