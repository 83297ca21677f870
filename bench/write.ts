import type { INestApplicationContext } from '@nestjs/common';
import { Pool, type QueryConfig } from 'pg';
import { isId, newId } from '../src/common/ids';
import { ExtendedClient } from '../src/database/engine-client';
import { quoteIdent } from '../src/database/identifiers';
import { adminOf } from '../src/database/installation';
import type { TenantAccess } from '../src/tenancy/tenant';
import { AccessDirectory } from '../src/tenancy/access-directory';
import { KeyedWork } from '../src/tenancy/keyed-work';
import { TenantConnection } from '../src/tenancy/tenant-connection';
import { TenantCache } from '../src/tenancy/tenant-cache';
import { TenantDatabase } from '../src/tenancy/tenant-database';
import { TenantLocator } from '../src/tenancy/tenant-locator';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { TenantSession } from '../src/tenancy/tenant-session';
import type { OrderDto } from '../src/tenant/orders/orders.dto';
import { OrdersService } from '../src/tenant/orders/orders.service';
import { withApp } from './lib/app';
import { fillShops, shopIds, variantId } from './lib/catalogue';
import { countArgument, print, start } from './lib/command';
import { makeFleet } from './lib/fleet';
import { perSecond } from './lib/in-flight';
import { describeSetup } from './lib/machine';
import { report, resultOf } from './lib/results';
import { inTurns } from './lib/rounds';
import { withServer } from './lib/server';

/**
 * An order of three lines: `npm run bench:write -- 7 5` with the number of rounds and the seconds of each. The orders service
 * of a shop, without and with an Idempotency-Key on every order, against a bare `pg` transaction with the statements of an
 * order without a key, recorded from the service and sent one by one.
 */
const ROUNDS = countArgument(1, 7);
const SECONDS = countArgument(2, 5);
const SHOPS = 200;
const PRODUCTS = 30;
const LINES = 3;
const IN_FLIGHT = 16;

interface Statement {
  text: string;
  values: unknown[];
}

start(() =>
  withServer(async (installation, env) => {
    const setup = await describeSetup(adminOf(installation).bootstrapUrl);
    await makeFleet(installation, await TenantMigrations.load(), SHOPS);
    await fillShops(installation, PRODUCTS);
    const shops = await shopIds(installation);
    const anyOf = <T>(items: readonly T[]) => items[Math.floor(Math.random() * items.length)]!; // not empty
    const pool = new Pool({ connectionString: installation.logins.tenant, max: env.TENANT_POOL_SIZE });
    await withApp(installation, env, async (app) => {
      const session = app.get(TenantSession, { strict: false });
      const services: OrdersService[] = [];
      for (const shop of shops) services.push(await session.resolve(OrdersService, shop));
      const { order, statements } = await recorded(() => services[0]!.create(threeLines())); // not empty
      const plain = () => anyOf(services).create(threeLines());
      const keyed = await keyedOrders(app, shops);
      const floor = () => replay(pool, anyOf(shops), statements, order);
      for (const work of [plain, keyed, floor]) await perSecond(IN_FLIGHT, SECONDS, work);
      const measured = (value: () => Promise<unknown>) =>
        inTurns(
          ROUNDS,
          {
            value: () => perSecond(IN_FLIGHT, SECONDS, value),
            floor: () => perSecond(IN_FLIGHT, SECONDS, floor),
          },
          (round) => print(`orders/s: service ${round.value.toFixed(0)}, bare ${round.floor?.toFixed(0)}`),
        );
      const what = `orders of ${LINES} lines in ${SHOPS} shops at random, ${IN_FLIGHT} at once over ${env.TENANT_POOL_SIZE} connections, ${statements.length} statements each, without HTTP`;
      const bar = { of: 'ratio', least: 0.6 } as const;
      const results = [
        resultOf(setup, { name: 'write', what, unit: 'orders/s', bar }, await measured(plain)),
      ];
      const withKey = { name: 'write-with-key', what: `${what}, each with a key`, unit: 'orders/s', bar };
      results.push(resultOf(setup, withKey, await measured(keyed)));
      report('write', results);
    });
    await pool.end();
  }),
);

/** Orders as requests with an Idempotency-Key place them. */
async function keyedOrders(app: INestApplicationContext, shops: string[]): Promise<() => Promise<OrderDto>> {
  const directory = app.get(AccessDirectory, { strict: false });
  const database = app.get(TenantDatabase, { strict: false });
  const cache = app.get(TenantCache, { strict: false });
  const tenants: TenantAccess[] = [];
  for (const shop of shops) tenants.push(await directory.enterAsOwner(shop));
  return () => {
    const tenant = tenants[Math.floor(Math.random() * tenants.length)]!; // there are shops
    const route = { key: newId(), userId: tenant.userId, target: 'POST /api/v1/orders', status: 201 };
    const request = { tenant, keyedWork: new KeyedWork({ headers: {} }, route) };
    return new OrdersService(new TenantConnection(request, database, directory, cache)).create(threeLines());
  };
}

/** Three products of the catalogue, which is the same in every shop. */
function threeLines() {
  const first = Math.floor(Math.random() * PRODUCTS);
  return {
    lines: Array.from({ length: LINES }, (_, i) => ({
      variantId: variantId(1 + ((first + i) % PRODUCTS)),
      quantity: 1 + i,
    })),
  };
}

/** Creates an order and records the statements that product code sends for it. */
async function recorded(
  create: () => Promise<OrderDto>,
): Promise<{ order: OrderDto; statements: Statement[] }> {
  const statements: Statement[] = [];
  const { prototype } = ExtendedClient;
  const query = Reflect.get(prototype, 'query') as (text: string, values: unknown[]) => unknown;
  Reflect.set(prototype, 'query', function (this: ExtendedClient, text: string, values: unknown[] = []) {
    statements.push({ text, values });
    return query.call(this, text, values);
  });
  const order = await create();
  Reflect.set(prototype, 'query', query);
  return { order, statements };
}

/** Sends the same statements to another shop, with other ids for the order and for whatever it makes that its answer does not show. */
async function replay(
  pool: Pool,
  shopId: string,
  statements: readonly Statement[],
  order: OrderDto,
): Promise<void> {
  const { schema, role } = new TenantLocator().locate(shopId);
  const known = JSON.stringify({ ...order, id: null });
  const ids = new Map<string, string>();
  const fresh = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(fresh);
    if (!isId(value) || known.includes(value)) return value;
    if (!ids.has(value)) ids.set(value, newId());
    return ids.get(value);
  };
  const client = await pool.connect();
  await client.query(
    `BEGIN; SET LOCAL ROLE ${quoteIdent(role)}; SET LOCAL search_path TO ${quoteIdent(schema)}, pg_temp`,
  );
  for (const { text, values } of statements) {
    await client.query({ text, values: values.map(fresh), queryMode: 'extended' } as QueryConfig); // the types do not know the mode
  }
  await client.query('COMMIT');
  client.release();
}
