import type { ClientBase } from 'pg';
import { sqlState } from '../../src/common/sqlstate';
import { type Installation, INSTALLATION } from '../../src/database/installation';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { withClient } from '../support/database';
import { newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { useTestApp } from '../support/test-app';
import { withRawConnection } from './raw-connection';

const DENIED = '42501';
const NO_SUCH_TABLE = '42P01';

/**
 * A helper as somebody might add it one evening: it receives a connection instead of a shop, and adds up the sales of
 * all shops "as the old system did".
 */
async function chargeAllShops(connection: ClientBase, orders: string): Promise<string> {
  try {
    const { rows } = await connection.query(`SELECT sum(total_minor) AS due FROM ${orders}`);
    return `read ${JSON.stringify(rows)}`;
  } catch (error) {
    return sqlState(error) ?? String(error);
  }
}

describe('a billing job that is given a connection of the running API', () => {
  const app = useTestApp({ TENANT_POOL_SIZE: '1' }); // one connection, so that it is the one used before
  let ada: Owner;
  let schema: string;

  beforeAll(async () => {
    ada = await newOwner(app.api);
    await newOrder(ada.api, (await newProduct(ada.api)).id);
    schema = app.app.get(TenantLocator, { strict: false }).locate(ada.shop.id).schema;
  });

  const logIn = <T>(work: (connection: ClientBase) => Promise<T>): Promise<T> => {
    const { logins } = app.app.get<Installation>(INSTALLATION, { strict: false });
    return withClient(logins.tenant, work);
  };
  const borrow = <T>(work: (connection: ClientBase) => Promise<T>): Promise<T> =>
    withRawConnection(app.app, work);

  it('that names no schema finds no table', async () => {
    expect(await logIn((connection) => chargeAllShops(connection, 'orders'))).toBe(NO_SUCH_TABLE);
  });

  it('that names a schema is denied', async () => {
    expect(await logIn((connection) => chargeAllShops(connection, `${schema}.orders`))).toBe(DENIED);
  });

  it.each(['list', 'sell', 'fail'])(
    'finds no trace of the request before on its connection: %s',
    async (did) => {
      if (did === 'list') expect((await ada.api.get('orders')).body.items).toHaveLength(1);
      if (did === 'sell') await newOrder(ada.api, (await newProduct(ada.api)).id);
      if (did === 'fail') expect((await ada.api.post('orders', { lines: [] })).status).toBe(400);
      expect(await borrow((connection) => chargeAllShops(connection, 'orders'))).toBe(NO_SUCH_TABLE);
      expect(await borrow((connection) => chargeAllShops(connection, `${schema}.orders`))).toBe(DENIED);
    },
  );

  it('finds no trace of a transaction that was rolled back', async () => {
    const taken = await newProduct(ada.api);
    const rolledBack = await ada.api.post('products', { name: 'x', handle: taken.handle, priceMinor: 1 });
    expect(rolledBack.status).toBe(409);
    expect(await borrow((connection) => chargeAllShops(connection, 'orders'))).toBe(NO_SUCH_TABLE);
  });

  it('cannot read the customers, in whatever table', async () => {
    const tables = await app.database.query<{ name: string }>(
      `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    expect(tables.length).toBeGreaterThan(10);
    const ends = await borrow(async (connection) => {
      const answers: string[] = [];
      for (const { name } of tables)
        answers.push((await connection.query(`SELECT * FROM ${name}`).then(() => name, sqlState)) as string);
      return answers;
    });
    expect(ends).toEqual(tables.map(() => DENIED));
  });
});
