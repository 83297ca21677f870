import { Inject, Injectable } from '@nestjs/common';
import { PublicDatabase } from '../../database/control-database';
import { type Installation, INSTALLATION } from '../../database/installation';
import { withClient } from '../../database/with-client';
import type { ShownOperation } from '../../operations/lifecycle/operation-store';
import { getShopId, shopNotFound } from '../../tenancy/named-shops';
import type { ShopStatus } from '../../tenancy/tenant';
import { TenantDatabase } from '../../tenancy/tenant-database';
import { listTables, readLastOrders, type TenantTable } from '../../tenancy/tenant-facts';
import { TenantMigrations } from '../../tenancy/tenant-migrations';

/** Orders of the list: by name from A, otherwise the newest or largest first. */
export const SHOP_SORTS = ['created', 'name', 'size', 'last-order'] as const;
export type ShopSort = (typeof SHOP_SORTS)[number];

export interface ShopListQuery {
  status?: ShopStatus;
  /** Only shops that lack a migration of this program. */
  behind?: boolean;
  sort?: ShopSort;
  /** All by default. */
  limit?: number;
}

/** A shop as operators see it. */
interface ShopFacts {
  id: string;
  slug: string;
  name: string;
  status: ShopStatus;
  /** Version of its newest tenant migration. */
  version: number;
  /** True if it lacks a migration of this program. */
  isBehind: boolean;
  members: number;
  createdAt: Date;
}

export interface ListedShop extends ShopFacts {
  /** Size on disk, indexes included, as VACUUM and ANALYZE last counted it: an estimate. */
  estimatedBytes: number;
  /** Only in a list by last order; null without an order. */
  lastOrderAt?: Date | null;
}

type LastOperation = Pick<ShownOperation, 'id' | 'kind' | 'state' | 'createdAt' | 'finishedAt' | 'error'>;

export interface ShownShop extends ShopFacts {
  currency: string;
  /** Slugs of the last 30 days, which still name the shop. */
  formerSlugs: { slug: string; endsAt: Date }[];
  /** Null without an order. */
  lastOrderAt: Date | null;
  /** Newest operation on this shop alone; null without any. */
  lastOperation: LastOperation | null;
  /** Size on disk, indexes included. */
  bytes: number;
  /** Empty if the shop has no schema. */
  tables: TenantTable[];
}

const FACTS = `s.id, s.slug, s.name, s.status, t.version, t.checksum <> $1 AND t.version <= $2 AS "isBehind",
  s.created_at AS "createdAt"`;

const LIST = `
  SELECT * FROM (
    SELECT ${FACTS}, coalesce(m.members, 0)::int AS members, coalesce(z.bytes, 0) AS "estimatedBytes"
    FROM shops s JOIN tenants t ON t.shop_id = s.id
      LEFT JOIN (SELECT shop_id, count(*) AS members FROM memberships GROUP BY shop_id) m ON m.shop_id = s.id
      LEFT JOIN shop_sizes() z ON z.shop_id = s.id
  ) shop WHERE ($3::text IS NULL OR status = $3) AND ("isBehind" OR NOT $4)`;

const SHOW = `
  SELECT ${FACTS}, s.currency, (SELECT count(*)::int FROM memberships m WHERE m.shop_id = s.id) AS members
  FROM shops s JOIN tenants t ON t.shop_id = s.id WHERE s.id = $3`;

const ORDERS: Record<ShopSort, string> = {
  created: '"createdAt" DESC, id DESC',
  name: 'name, id',
  size: '"estimatedBytes" DESC, id',
  'last-order': 'id', // sorted when the orders have been read
};

/** Reads what operators ask about shops; changes nothing and needs no admin rights. */
@Injectable()
export class FleetService {
  constructor(
    private readonly database: PublicDatabase,
    private readonly tenants: TenantDatabase,
    private readonly migrations: TenantMigrations,
    @Inject(INSTALLATION) private readonly installation: Installation,
  ) {}

  /** Lists shops with one query, however many there are. By last order, it reads the orders of every shop too. */
  async list({ status, behind = false, sort = 'created', limit }: ShopListQuery): Promise<ListedShop[]> {
    const { latest, checksum } = this.migrations;
    const first = sort === 'last-order' ? null : (limit ?? null);
    const shops = await this.database.read<ListedShop>(`${LIST} ORDER BY ${ORDERS[sort]} LIMIT $5`, [
      ...[checksum, latest, status ?? null, behind, first],
    ]);
    return sort === 'last-order' ? (await this.byLastOrder(shops)).slice(0, limit) : shops;
  }

  /** @param name slug, id, or a slug of the last 30 days. @throws ShopNotFound */
  async show(name: string): Promise<ShownShop> {
    const { latest, checksum } = this.migrations;
    const shopId = await getShopId((sql, values) => this.database.read(sql, values), name);
    const [shop] = await this.database.read<ShopFacts & { currency: string }>(SHOW, [
      ...[checksum, latest, shopId],
    ]);
    if (shop === undefined) throw shopNotFound(name); // removed meanwhile
    const formerSlugs = await this.database.read<ShownShop['formerSlugs'][number]>(
      `SELECT slug, ends_at AS "endsAt" FROM former_slugs WHERE shop_id = $1 AND ends_at > now() ORDER BY ends_at DESC`,
      [shopId],
    );
    const lastOrders = await readLastOrders((sql, values) => this.database.read(sql, values), [shopId]);
    const tables = await listTables(this.database, this.tenants, shopId);
    const bytes = tables.reduce((sum, table) => sum + table.bytes, 0);
    const [lastOperation = null] = await this.database.read<LastOperation>(
      `SELECT id, kind, state, created_at AS "createdAt", finished_at AS "finishedAt", error
       FROM operations WHERE shop_id = $1 ORDER BY id DESC LIMIT 1`,
      [shopId],
    );
    const lastOrderAt = lastOrders.get(shopId) ?? null;
    return { ...shop, formerSlugs, lastOrderAt, lastOperation, bytes, tables };
  }

  private async byLastOrder(shops: readonly ListedShop[]): Promise<ListedShop[]> {
    const ids = shops.map(({ id }) => id);
    const times = await withClient(this.installation.logins.public, 'last orders', (client) =>
      readLastOrders(async (sql, values) => (await client.query(sql, values)).rows, ids),
    );
    return shops
      .map((shop) => ({ ...shop, lastOrderAt: times.get(shop.id) ?? null }))
      .sort((a, b) => (b.lastOrderAt?.getTime() ?? 0) - (a.lastOrderAt?.getTime() ?? 0));
  }
}
