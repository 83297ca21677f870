import { readdirSync } from 'node:fs';
import { createShop, type NewShop } from '../../src/public/shops/create-shop';
import type { Shop } from '../../src/public/shops/shop.entity';
import { ProvisioningService } from '../../src/tenancy/provisioning.service';
import { newOwner } from './factories';
import type { TestApp } from './test-app';

/** Version of the newest tenant migration that there is. */
export const NEWEST = Math.max(...readdirSync('migrations/tenant').map((file) => parseInt(file, 10)));

/** A shop as the migrator and its schema have it. */
export interface FleetShop {
  id: string;
  slug: string;
  schema: string;
  /** By the index in public. */
  version: number;
  checksum: string;
  status: string;
  /** Migrations by the rows inside the schema, oldest first. */
  inside: number[];
  /** All that the schema is made of, as one value. */
  shape: string;
}

/** Makes shops `shop-0`, `shop-1`, … of one owner. */
export async function makeShops({ api, app }: TestApp, count: number): Promise<void> {
  const { user } = await newOwner(api, { slug: 'shop-0' });
  for (let i = 1; i < count; i++)
    await provisionShop({ app }, { name: `Shop ${i}`, slug: `shop-${i}`, owner: user });
}

/** Makes a shop without HTTP. */
export function provisionShop({ app }: Pick<TestApp, 'app'>, wanted: NewShop): Promise<Shop> {
  const provisioning = app.get(ProvisioningService);
  return provisioning.transaction((manager) => createShop(manager, provisioning, wanted));
}

/** Every shop in the order of ids. */
export async function readFleet({ database }: Pick<TestApp, 'database'>): Promise<FleetShop[]> {
  const shops = await database.query<Omit<FleetShop, 'inside' | 'shape'>>(
    `SELECT s.id, s.slug, 'shop_' || replace(s.id::text, '-', '') AS schema, t.version, t.checksum, t.status
     FROM public.shops s JOIN public.tenants t ON t.shop_id = s.id ORDER BY s.id`,
  );
  const found: FleetShop[] = [];
  for (let at = 0; at < shops.length; at += 100) {
    const some = shops.slice(at, at + 100);
    const inside = some.map(
      ({ schema }) => `SELECT '${schema}' AS schema, public.tenant_shape('${schema}') AS shape,
        array(SELECT version::float8 FROM ${schema}.schema_migrations ORDER BY 1) AS inside`,
    );
    const rows = await database.query<Pick<FleetShop, 'schema' | 'inside' | 'shape'>>(
      inside.join(' UNION ALL '),
    );
    const bySchema = new Map(rows.map((row) => [row.schema, row]));
    found.push(
      ...some.map((shop) => ({ ...shop, ...bySchema.get(shop.schema)!, version: Number(shop.version) })),
    );
  }
  return found;
}

/** Shops whose registry row disagrees with the schema, or whose shape is not that of their version. */
export function unwhole(fleet: readonly FleetShop[]): string[] {
  const shapes = new Map<string, string>();
  return fleet
    .filter(({ version, inside, shape, checksum }) => {
      const key = inside.join();
      const expected = shapes.get(key) ?? `${shape} ${checksum}`;
      shapes.set(key, expected);
      return version !== inside.at(-1) || `${shape} ${checksum}` !== expected;
    })
    .map(({ slug }) => slug);
}

export function at(version: number, fleet: readonly FleetShop[]): string[] {
  return fleet.filter((shop) => shop.version === version).map(({ slug }) => slug);
}

/** For hooks, where nothing may be expected. */
export function assertWhole(fleet: readonly FleetShop[]): void {
  const left = unwhole(fleet);
  if (left.length > 0) throw new Error(`not whole: ${left.join(', ')}`);
}
