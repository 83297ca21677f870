import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../src/app/app.module';
import { createLogger, NestLogger } from '../src/common/logger';
import { adminOf } from '../src/database/installation';
import { TenantDatabase } from '../src/tenancy/tenant-database';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { countArgument, start } from './lib/command';
import { fillShop } from './lib/fill-shop';
import { makeFleet } from './lib/fleet';
import { describeSetup } from './lib/machine';
import { report, resultOf } from './lib/results';
import { withServer } from './lib/server';
import { compareWays, type Measured, type Way } from './lib/ways';
import { ORDER_LISTS } from './lists/orders';
import { PRODUCT_LISTS } from './lists/products';
import type { ListWay } from './lists/way';

/**
 * Ways to read a page of 20 rows with their children, each against the one that the services use: `npm run bench:lists -- 7
 * 300` with the number of rounds and of pages per round. One connection, one request at a time, results as DTOs.
 */
const ROUNDS = countArgument(1, 7);
const PAGES = countArgument(2, 300);
const PRODUCTS = 10_000;
const LINES = 100_000;

start(() =>
  withServer(async (installation, env) => {
    const setup = await describeSetup(adminOf(installation).bootstrapUrl);
    const [shop] = await makeFleet(installation, await TenantMigrations.load(), 1);
    const shopId = shop!; // one was created
    await fillShop(installation, shopId, PRODUCTS, LINES);
    const logger = createLogger(env.LOG_LEVEL);
    const app = await NestFactory.createApplicationContext(AppModule.forRoot({ env, logger, installation }), {
      logger: new NestLogger(logger),
    });
    try {
      const results = [];
      for (const [name, ways] of Object.entries({ products: PRODUCT_LISTS, orders: ORDER_LISTS }))
        for (const way of ways.slice(1)) results.push(...(await compare(app, shopId, name, way, ways[0]!)));
      report(
        'lists',
        results.map(({ name, what, unit, rounds }) => resultOf(setup, { name, what, unit }, rounds)),
      );
    } finally {
      await app.close();
    }
  }),
);

async function compare(
  app: INestApplicationContext,
  shopId: string,
  list: string,
  way: ListWay,
  used: ListWay,
): Promise<Measured[]> {
  const database = app.get(TenantDatabase);
  const inShop = ({ name, read }: ListWay): Way => ({
    name,
    work: (i) => database.run(shopId, (manager) => read(manager, i)),
  });
  await same(database, shopId, way, used);
  const kind = { name: `lists.${list}`, what: `page of ${list}`, rounds: ROUNDS, calls: PAGES };
  return compareWays(kind, inShop(way), inShop(used));
}

/** Fails unless both ways return the same: a faster way to another answer proves nothing. */
async function same(database: TenantDatabase, shopId: string, way: ListWay, used: ListWay): Promise<void> {
  for (const i of [0, 7]) {
    const [a, b] = await Promise.all(
      [way, used].map(({ read }) => database.run(shopId, (manager) => read(manager, i))),
    );
    if (JSON.stringify(a) !== JSON.stringify(b)) throw new Error(`${way.name} returns a different page ${i}`);
  }
}
