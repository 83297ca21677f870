import { Pool, type QueryConfig } from 'pg';
import { LAST_ID } from '../src/common/ids';
import { adminOf } from '../src/database/installation';
import { TenantDatabase } from '../src/tenancy/tenant-database';
import { TenantLocator } from '../src/tenancy/tenant-locator';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { PRODUCT_LIST } from '../src/tenant/products/product-list';
import { withApp } from './lib/app';
import { fillShops, shopIds } from './lib/catalogue';
import { countArgument, print, start } from './lib/command';
import { makeFleet } from './lib/fleet';
import { perSecond } from './lib/in-flight';
import { describeSetup } from './lib/machine';
import { report, resultOf } from './lib/results';
import { inTurns } from './lib/rounds';
import { withServer } from './lib/server';

/**
 * The cost of isolation: `npm run bench:isolation -- 7 5` with the number of rounds and the seconds of each. The engine's
 * read transaction (role, path, limits, COMMIT) without HTTP, against the same query with qualified table names, by a login
 * that may read all schemas, outside any transaction. Both run in this process.
 */
const ROUNDS = countArgument(1, 7);
const SECONDS = countArgument(2, 5);
const SHOPS = 200;
const PRODUCTS = 30;
const IN_FLIGHT = 16;
const LIMIT = 21;

start(() =>
  withServer(async (installation, env) => {
    const { bootstrapUrl } = adminOf(installation);
    const setup = await describeSetup(bootstrapUrl);
    await makeFleet(installation, await TenantMigrations.load(), SHOPS);
    await fillShops(installation, PRODUCTS);
    const shops = await shopIds(installation);
    const anyShop = () => shops[Math.floor(Math.random() * shops.length)]!; // not empty
    const pool = new Pool({ connectionString: bootstrapUrl, max: env.TENANT_POOL_SIZE });
    const queries = new Map(shops.map((id) => [id, qualified(id)]));
    await withApp(installation, env, async (app) => {
      const tenants = app.get(TenantDatabase, { strict: false });
      const value = () =>
        tenants.run(anyShop(), (manager) => manager.query(PRODUCT_LIST, [LAST_ID, LIMIT]), true);
      const floor = () => pool.query(queries.get(anyShop())!); // there is one per shop
      for (const work of [value, floor]) await perSecond(IN_FLIGHT, 2 * SECONDS, work); // warms up the connections' caches of the catalogue
      const rounds = await inTurns(
        ROUNDS,
        {
          value: () => perSecond(IN_FLIGHT, SECONDS, value),
          floor: () => perSecond(IN_FLIGHT, SECONDS, floor),
        },
        (round) =>
          print(
            `reads/s: in the shop ${round.value.toFixed(0)}, without isolation ${round.floor?.toFixed(0)}`,
          ),
      );
      const what = `20 products of ${SHOPS} shops at random, ${IN_FLIGHT} at once over ${env.TENANT_POOL_SIZE} connections, without HTTP`;
      report('isolation', [
        resultOf(
          setup,
          { name: 'isolation', what, unit: 'reads/s', bar: { of: 'ratio', least: 0.85 } },
          rounds,
        ),
      ]);
    });
    await pool.end();
  }),
);

function qualified(shopId: string): QueryConfig {
  const { schema } = new TenantLocator().locate(shopId);
  const text = PRODUCT_LIST.replace(/FROM (products|product_variants)/g, `FROM ${schema}.$1`);
  return { text, values: [LAST_ID, LIMIT] };
}
