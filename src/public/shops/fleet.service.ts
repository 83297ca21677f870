import { Inject, Injectable } from '@nestjs/common';
import { PublicDatabase } from '../../database/control-database';
import { type Installation, INSTALLATION } from '../../database/installation';
import { withClient } from '../../database/with-client';
import { type Page, toPage } from '../../http/page';
import type { ShownOperation } from '../../operations/lifecycle/operation-store';
import { getShopId, shopNotFound } from '../../tenancy/named-shops';
import type { ShopStatus } from '../../tenancy/tenant';
import { TenantDatabase } from '../../tenancy/tenant-database';
import { listTables, readLastOrders, type TenantTable } from '../../tenancy/tenant-facts';
import { TenantMigrations } from '../../tenancy/tenant-migrations';
import { getPlan } from '../plans/plans.service';
import { cursorOf, positionIn } from './fleet-cursor';

/** Orders of the list: by name from A, otherwise the newest or largest first. */
export const SHOP_SORTS = ['created', 'name', 'size', 'last-order'] as const;
export type ShopSort = (typeof SHOP_SORTS)[number];

export interface ShopListQuery {
  status?: ShopStatus;
  /** Only shops of this plan. */
  plan?: string;
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
  plan: string;
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
  /** Null unless the shop is deleted. */
  deletedAt: Date | null;
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

const FACTS = `s.id, s.slug, s.name, s.status, s.plan, t.version, t.checksum <> $1 AND t.version <= $2 AS "isBehind",
  s.created_at AS "createdAt"`;

const LIST = (key: string) => `
  SELECT *, ${key} AS key FROM (
    SELECT ${FACTS}, coalesce(m.members, 0)::int AS members, coalesce(z.bytes, 0) AS "estimatedBytes"
    FROM shops s JOIN tenants t ON t.shop_id = s.id
      LEFT JOIN (SELECT shop_id, count(*) AS members FROM memberships GROUP BY shop_id) m ON m.shop_id = s.id
      LEFT JOIN shop_sizes() z ON z.shop_id = s.id
  ) shop WHERE ($3::text IS NULL OR status = $3) AND ("isBehind" OR NOT $4)
    AND ($8::text IS NULL OR plan = $8)`;

const SHOW = `
  SELECT ${FACTS}, s.currency, s.deleted_at AS "deletedAt", (SELECT count(*)::int FROM memberships m WHERE m.shop_id = s.id) AS members
  FROM shops s JOIN tenants t ON t.shop_id = s.id WHERE s.id = $3`;

/** Each list is sorted by its key, then by id, in the same direction. */
const KEYS = {
  created: { key: '(extract(epoch FROM "createdAt") * 1000000)::bigint', type: 'bigint', direction: 'DESC' },
  name: { key: 'name', type: 'text', direction: 'ASC' },
  size: { key: '"estimatedBytes"', type: 'bigint', direction: 'DESC' },
} as const;

/** Reads what operators ask about shops; changes nothing and needs no admin rights. */
@Injectable()
export class FleetService {
  constructor(
    private readonly database: PublicDatabase,
    private readonly tenants: TenantDatabase,
    private readonly migrations: TenantMigrations,
    @Inject(INSTALLATION) private readonly installation: Installation,
  ) {}

  /** Lists shops with one query, however many there are. By last order, it reads the orders of every shop too. @throws PlanNotFound */
  async list(query: ShopListQuery): Promise<ListedShop[]> {
    const { limit, sort } = query;
    if (sort === 'last-order') return (await this.byLastOrder(query)).slice(0, limit);
    return (await this.read(query, limit ?? null)).map(withoutKey);
  }

  /** Lists a page. By last order, each page reads the orders of every shop. @throws InvalidCursor, PlanNotFound */
  async listPage(
    query: ShopListQuery & { limit: number; cursor?: string | undefined },
  ): Promise<Page<ListedShop>> {
    const { limit, cursor, sort = 'created' } = query;
    const after = cursor === undefined ? null : positionIn(cursor, sort);
    if (sort !== 'last-order') {
      const rows = await this.read(query, limit + 1, after);
      return toPage(rows, limit, ({ key, id }) => cursorOf({ sort, key: String(key), id }), withoutKey);
    }
    const keyOf = ({ lastOrderAt }: ListedShop) => lastOrderAt?.getTime() ?? 0;
    const all = await this.byLastOrder(query);
    const last = Number(after?.key);
    const isNext = (shop: ListedShop) =>
      after === null || keyOf(shop) < last || (keyOf(shop) === last && shop.id > after.id);
    const rest = all.filter(isNext).slice(0, limit + 1);
    const position = (shop: ListedShop) => cursorOf({ sort, key: String(keyOf(shop)), id: shop.id });
    return toPage(rest, limit, position, (shop) => shop);
  }

  /** @param name slug, id, or a slug of the last 30 days. @throws ShopNotFound */
  async show(name: string): Promise<ShownShop> {
    const { latest, checksum } = this.migrations;
    const shopId = await getShopId((sql, values) => this.database.read(sql, values), name);
    const [shop] = await this.database.read<ShopFacts & Pick<ShownShop, 'currency' | 'deletedAt'>>(SHOW, [
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

  /** @param after key and id of the last shop of the page before */
  private async read(
    { status, plan, behind = false, sort = 'created' }: ShopListQuery,
    limit: number | null,
    after: { key: string; id: string } | null = null,
  ): Promise<KeyedShop[]> {
    if (plan !== undefined) await this.database.run((manager) => getPlan(manager, plan));
    const { latest, checksum } = this.migrations;
    const { key, type, direction } = KEYS[sort === 'last-order' ? 'created' : sort];
    const next = direction === 'ASC' ? '>' : '<';
    return this.database.read<KeyedShop>(
      `${LIST(key)} AND ($5::text IS NULL OR (${key}, id) ${next} ($5::${type}, $6::uuid))
       ORDER BY ${key} ${direction}, id ${direction} LIMIT $7`,
      [checksum, latest, status ?? null, behind, after?.key ?? null, after?.id ?? null, limit, plan ?? null],
    );
  }

  /** All shops, the one with the newest order first, those of the same time by id. */
  private async byLastOrder(query: ShopListQuery): Promise<ListedShop[]> {
    const shops = (await this.read(query, null)).map(withoutKey);
    const ids = shops.map(({ id }) => id);
    const times = await withClient(this.installation.logins.public, 'last orders', (client) =>
      readLastOrders(async (sql, values) => (await client.query(sql, values)).rows, ids),
    );
    return shops
      .map((shop) => ({ ...shop, lastOrderAt: times.get(shop.id) ?? null }))
      .sort(
        (a, b) => (b.lastOrderAt?.getTime() ?? 0) - (a.lastOrderAt?.getTime() ?? 0) || (a.id < b.id ? -1 : 1),
      );
  }
}

type KeyedShop = ListedShop & { key: string | number };

function withoutKey(row: KeyedShop): ListedShop {
  const { key: _, ...shop } = row;
  return shop;
}
