import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { newOwner } from '../support/factories';
import {
  bundle,
  type NextMigration,
  programWith,
  runCli,
  type RunningServer,
  startServer,
} from '../support/program';
import { LOAD_PRICE, LOAD_STOCK, loadShop, type LoadShop, ShopLoad } from '../support/shop-load';

/**
 * Rolls out three releases under load throughout. `products.vendor` becomes `products.brand`: `old` uses vendor; `middle`
 * adds brand, uses only brand, and serves only shops that have it; `new` removes vendor, and declares that it works
 * without that step. Their code differs only in the column's name in the compiled entity.
 */
const EXPAND = 1900000000001;
const CONTRACT = 1900000000002;
const ADD_BRAND: NextMigration = {
  name: `${EXPAND}-add-brand`,
  up: `ALTER TABLE products ADD COLUMN brand text NOT NULL DEFAULT ''`,
  down: 'ALTER TABLE products DROP COLUMN brand',
};
const DROP_VENDOR: NextMigration = {
  name: `${CONTRACT}-drop-vendor`,
  up: [`UPDATE products SET brand = vendor WHERE brand = ''`, 'ALTER TABLE products DROP COLUMN vendor'],
  down: `ALTER TABLE products ADD COLUMN vendor text NOT NULL DEFAULT ''`,
  marks: { contract: { since: EXPAND } },
};
const SHOPS = 10;
const ADMIN_SECRET = 'another secret that only the worker knows, for admin rights';

type Release = ReturnType<typeof programWith>;

let database: TestDatabase;
let middle: Release;
let next: Release;
let shops: LoadShop[];
let load: ShopLoad;
const servers: Record<string, RunningServer> = {};

function usesBrand(release: Release): Release {
  const vendor = /default: ''(\s*\}\),[^;]*?\], Product\.prototype, "vendor")/;
  edit(release, 'products/product.entity.js', vendor, (rest) => `default: '', name: 'brand'${rest}`);
  edit(release, 'products/product-list.js', /(p\.)vendor,/, (product) => `${product}brand AS vendor,`);
  return release;
}

function declares(release: Release, oldest: number): Release {
  edit(release, 'tenant.module.js', /(const OLDEST_SERVED = )undefined/, (start) => `${start}${oldest}`);
  return release;
}

function edit({ program }: Release, name: string, pattern: RegExp, to: (found: string) => string): void {
  const file = path.join(program, 'src', 'tenant', name);
  const text = readFileSync(file, 'utf8');
  expect(text).toMatch(pattern);
  writeFileSync(
    file,
    text.replace(pattern, (_, found: string) => to(found)),
  );
}

function bundled(release: Release): Release {
  bundle(release.program);
  return release;
}

async function cli(args: string[], release?: Release): Promise<void> {
  const env = {
    DATABASE_URL: database.url,
    ADMIN_SECRET,
    PROVISIONING: 'worker',
    WARM_TENANTS: String(SHOPS),
  };
  const { code, stdout, stderr } = await runCli(args, { env, ...release });
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
}

/** Starts a server that does not migrate: the test starts the migrator, as a rollout does. */
async function serve(name: string, release?: Release): Promise<void> {
  const url = new URL(database.url);
  [url.username, url.password] = ['', ''];
  servers[name] = await startServer({
    env: { DATABASE_URL: url.href, PROVISIONING: 'worker' },
    ...release,
  });
}

const firstHalf = () => shops.slice(0, SHOPS / 2).map(({ slug }) => slug);
const secondHalf = () => shops.slice(SHOPS / 2).map(({ slug }) => slug);
const all = () => shops.map(({ slug }) => slug);

async function rollOut(): Promise<void> {
  await Promise.all([
    cli(['migrate:tenants', '--only', firstHalf().join()], middle),
    serve('middle', middle),
    serve('new', next),
  ]);
  load = new ShopLoad(
    shops,
    Object.fromEntries(Object.entries(servers).map(([name, { api }]) => [name, api])),
  );
  try {
    load.begin('half expanded');
    await load.round();
    load.begin('expanding');
    await cli(['migrate:tenants'], middle);
    load.begin('expanded');
    await load.round();
    load.begin('contracting');
    await cli(['migrate:tenants', '--only', firstHalf().join()], next);
    load.begin('half contracted');
    await load.round();
  } finally {
    await load.end();
  }
}

beforeAll(async () => {
  database = await createTestDatabase();
  middle = bundled(usesBrand(programWith(ADD_BRAND)));
  next = bundled(declares(usesBrand(programWith(ADD_BRAND, DROP_VENDOR)), EXPAND));
  await cli(['provisioning:worker', '--once']);
  await serve('old');
  shops = await Promise.all(
    Array.from({ length: SHOPS }, async (_, i) =>
      loadShop(await newOwner(servers['old']!.api, { slug: `shop-${i}` })),
    ),
  );
  await rollOut();
});

afterAll(async () => {
  await Promise.all(Object.values(servers).map((server) => server.end('SIGTERM')));
  middle?.remove();
  next?.remove();
  await database.query(`WITH gone AS (DELETE FROM spare_tenants RETURNING shop_id)
    DELETE FROM tenants WHERE shop_id IN (SELECT shop_id FROM gone)`);
  await database.drop();
});

/** Returns the slugs of shops for which a server gave this answer in a phase. */
function slugsOf(server: string, phase: string, isRefusal: boolean): string[] {
  const found = load.heard.filter(
    (one) => one.server === server && one.phase === phase && one.said.startsWith('503') === isRefusal,
  );
  return [...new Set(found.map(({ slug }) => slug))].toSorted();
}

const served = (server: string, phase: string) => slugsOf(server, phase, false);
const refused = (server: string, phase: string) => slugsOf(server, phase, true);

describe('a rolling deploy', () => {
  it('answers with success or 503 SHOP_NOT_READY with Retry-After, and with nothing else', () => {
    const counts: Record<string, number> = {};
    for (const { said } of load.heard) counts[said] = (counts[said] ?? 0) + 1;
    expect(Object.keys(counts).toSorted()).toEqual(['200', '201', '503 SHOP_NOT_READY']);
    const rude = load.heard.filter(({ said, hasRetryAfter }) => said.startsWith('503') && !hasRetryAfter);
    expect(rude).toEqual([]);
  });

  it('lets the old program serve every shop until a column is removed', () => {
    for (const phase of ['half expanded', 'expanding', 'expanded']) {
      expect(refused('old', phase)).toEqual([]);
      expect(served('old', phase)).toEqual(all());
    }
  });

  it('keeps a newer program from shops that lack its column, and from no other', () => {
    for (const server of ['middle', 'new']) {
      expect(refused(server, 'half expanded')).toEqual(secondHalf());
      expect(served(server, 'half expanded')).toEqual(firstHalf());
      expect(refused(server, 'expanding').filter((slug) => firstHalf().includes(slug))).toEqual([]);
      expect(refused(server, 'expanded')).toEqual([]);
      expect(served(server, 'expanded')).toEqual(all());
    }
  });

  it('keeps the old program from shops that have lost its column, and from no other', () => {
    expect(refused('old', 'contracting').filter((slug) => secondHalf().includes(slug))).toEqual([]);
    expect(refused('old', 'half contracted')).toEqual(firstHalf());
    expect(served('old', 'half contracted')).toEqual(secondHalf());
  });

  it('lets programs that do not use the removed column serve every shop meanwhile', () => {
    for (const server of ['middle', 'new'])
      for (const phase of ['contracting', 'half contracted']) {
        expect(refused(server, phase)).toEqual([]);
        expect(served(server, phase)).toEqual(all());
      }
  });

  it('stores each confirmed product once, in its own shop, with its values, and no other', async () => {
    for (const { slug, id } of shops) {
      const { schema } = new TenantLocator().locate(id);
      const vendor = firstHalf().includes(slug) ? 'brand' : `coalesce(nullif(brand, ''), vendor)`;
      const rows = await database.query<{ id: string }>(
        `SELECT p.id, name, ${vendor} AS vendor, sku, price_minor::int AS "priceMinor"
         FROM ${schema}.products p JOIN ${schema}.product_variants v ON v.product_id = p.id
         WHERE sku <> 'load' ORDER BY p.id`,
      );
      const written = load.products.filter((product) => product.slug === slug);
      expect(written.length).toBeGreaterThan(0);
      expect(rows.map((row) => ({ slug, ...row }))).toEqual(sortedById(written));
    }
  });

  it('stores each confirmed order once, in its own shop, with its values, and takes its stock', async () => {
    for (const { slug, id } of shops) {
      const { schema } = new TenantLocator().locate(id);
      const rows = await database.query<{ id: string }>(
        `SELECT o.id, number::int, quantity, o.total_minor::int AS "totalMinor"
         FROM ${schema}.orders o JOIN ${schema}.order_lines l ON l.order_id = o.id ORDER BY o.id`,
      );
      const written = load.orders.filter((order) => order.slug === slug);
      expect(written.length).toBeGreaterThan(0);
      expect(rows.map((row) => ({ slug, ...row }))).toEqual(sortedById(written));
      const sold = written.reduce((sum, { quantity }) => sum + quantity, 0);
      for (const { quantity, totalMinor } of written) expect(totalMinor).toBe(quantity * LOAD_PRICE);
      expect(
        await database.query(`SELECT stock::int FROM ${schema}.product_variants WHERE sku = 'load'`),
      ).toEqual([{ stock: LOAD_STOCK - sold }]);
    }
  });
});

function sortedById<T extends { id: string }>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
