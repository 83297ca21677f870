import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { severalAtOnce } from '../../common/several-at-once';
import { FOREIGN_KEY_VIOLATION, sqlState } from '../../common/sqlstate';
import { PublicDatabase } from '../../database/control-database';
import { describeError, faultOf } from '../../operations/faults';
import { TenantDatabase } from '../../tenancy/tenant-database';

/** Shops that are read at once. Each is one transaction, whose locks end with it, so the fleet never fills the lock table. */
const AT_ONCE = 4;

export interface RefreshOptions {
  /** Shops that were read since then are left out. */
  olderThan?: Date;
  signal?: AbortSignal;
  /** Called after each shop. */
  onShop?: (progress: { done: number; total: number; failed: number }) => void;
}

export interface Refreshed {
  /** Shops that were read. */
  read: number;
  /** Shops whose facts stay as they were, and why. */
  failed: { slug: string; error: string }[];
  /** Shops that a stop left for the next time. */
  left: number;
}

interface Shop {
  id: string;
  slug: string;
  bytes: number;
}

interface Facts {
  products: number;
  days: { day: string; currency: string; orders: number; revenueMinor: string }[];
}

/** The shops that were read longest ago come first, so a run that was stopped goes on where it was. */
const SHOPS = `
  SELECT s.id, s.slug, coalesce(z.bytes, 0) AS bytes
  FROM shops s LEFT JOIN shop_reports r ON r.shop_id = s.id LEFT JOIN shop_sizes() z ON z.shop_id = s.id
  WHERE s.status <> 'deleted' AND ($1::timestamptz IS NULL OR r.read_at IS NULL OR r.read_at < $1)
  ORDER BY r.read_at NULLS FIRST, s.id`;

const PRODUCTS = 'SELECT count(*) AS products FROM products';

const DAYS = `
  SELECT to_char(coalesce(placed_at, created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, currency,
    count(*) FILTER (WHERE kind = 'sale') AS orders,
    sum(CASE kind WHEN 'sale' THEN total_minor - refunded_minor ELSE -total_minor END)::text AS "revenueMinor"
  FROM orders WHERE status <> 'cancelled' GROUP BY 1, 2`;

const SAVE_REPORT = `
  INSERT INTO shop_reports (shop_id, products, bytes, read_at) VALUES ($1, $2, $3, now())
  ON CONFLICT (shop_id) DO UPDATE SET products = excluded.products, bytes = excluded.bytes, read_at = excluded.read_at,
    failed_at = NULL, error = NULL`;

const SAVE_DAYS = `
  INSERT INTO shop_days (shop_id, day, currency, orders, revenue_minor)
  SELECT $1, * FROM unnest($2::date[], $3::text[], $4::bigint[], $5::bigint[])`;

const SAVE_FAILURE = `
  INSERT INTO shop_reports (shop_id, failed_at, error) SELECT id, now(), $2 FROM shops WHERE id = $1
  ON CONFLICT (shop_id) DO UPDATE SET failed_at = excluded.failed_at, error = excluded.error`;

/** Reads the facts of all shops for reports: each as the shop's own role, read-only, as of one moment. */
@Injectable()
export class ReportRefreshService {
  constructor(
    private readonly database: PublicDatabase,
    private readonly tenants: TenantDatabase,
  ) {}

  /**
   * A shop that cannot be read is named, and keeps the facts of before. May be stopped and repeated at any time.
   * @throws the server's error when the server itself is away
   */
  async refresh({ olderThan, signal, onShop }: RefreshOptions = {}): Promise<Refreshed> {
    const shops = await this.database.read<Shop>(SHOPS, [olderThan ?? null]);
    const result: Refreshed = { read: 0, failed: [], left: shops.length };
    await severalAtOnce(shops, AT_ONCE, async (shop) => {
      if (signal?.aborted) return;
      const error = await this.readShop(shop);
      result.left--;
      if (error === undefined) result.read++;
      else result.failed.push({ slug: shop.slug, error });
      const { read, failed } = result;
      onShop?.({ done: read + failed.length, total: shops.length, failed: failed.length });
    });
    return result;
  }

  /** @returns the reason if the shop could not be read */
  private async readShop({ id, bytes }: Shop): Promise<string | undefined> {
    try {
      const facts = await this.tenants.snapshot(id, readFacts);
      await this.database.transaction((manager) => save(manager, id, bytes, facts));
      return undefined;
    } catch (error) {
      if (faultOf(error) === 'server') throw error;
      if (sqlState(error) === FOREIGN_KEY_VIOLATION) return undefined; // the shop was removed meanwhile
      const { message } = describeError(error);
      await this.database.transaction((manager) => manager.query(SAVE_FAILURE, [id, message]));
      return message;
    }
  }
}

async function readFacts(manager: EntityManager): Promise<Facts> {
  const [count] = await manager.query<{ products: number }[]>(PRODUCTS);
  return { products: count!.products, days: await manager.query<Facts['days']>(DAYS) }; // an aggregate has one row
}

async function save(manager: EntityManager, shopId: string, bytes: number, facts: Facts): Promise<void> {
  const { products, days } = facts;
  await manager.query(SAVE_REPORT, [shopId, products, bytes]); // its lock keeps another refresh of the shop out
  await manager.query('DELETE FROM shop_days WHERE shop_id = $1', [shopId]);
  await manager.query(SAVE_DAYS, [
    shopId,
    days.map(({ day }) => day),
    days.map(({ currency }) => currency),
    days.map(({ orders }) => orders),
    days.map(({ revenueMinor }) => revenueMinor),
  ]);
}
