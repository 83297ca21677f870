import { ShopNotReady } from '../../src/tenancy/tenancy.errors';
import type { TenantAccess } from '../../src/tenancy/tenant';
import { TenantDatabase } from '../../src/tenancy/tenant-database';
import { AccessDirectory } from '../../src/tenancy/access-directory';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import type { Answer } from '../support/api';
import { newOwner, newProduct, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const AHEAD = 1900000000000;
const NOT_READY = '503 SHOP_NOT_READY';

const app = useTestApp();
const schemaOf = ({ shop }: Owner) => new TenantLocator().locate(shop.id).schema;
/** Changes what the index says of a shop. */
const index = ({ shop }: Owner, changes: string) =>
  app.database.query(`UPDATE public.tenants SET ${changes} WHERE shop_id = '${shop.id}'`);
/** A newer program's contract step, which says so in the index. */
const takeAway = (owner: Owner) => index(owner, `version = ${AHEAD}, serves_from = ${AHEAD}`);

function expectNotReady(answer: Answer): void {
  expect(problemIn(answer)).toBe(NOT_READY);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
}

describe('a shop of which the index says that this program cannot serve it', () => {
  it.each([
    ['is behind', `version = 1, checksum = ''`],
    ['lacks something', `checksum = '${'0'.repeat(32)}'`],
    ['has announced a contract step', `serves_from = ${AHEAD}`],
    ['has had a contract step', `version = ${AHEAD}, serves_from = ${AHEAD}`],
  ])('answers 503 when it %s, alone, and only as long as that holds', async (_, changes) => {
    const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
    const [before] = await app.database.query<{ version: number; checksum: string }>(
      `SELECT version, checksum FROM public.tenants WHERE shop_id = '${owner.shop.id}'`,
    );
    await index(owner, changes);
    expectNotReady(await owner.api.get('products'));
    expect((await other.api.get('products')).status).toBe(200);
    await index(owner, `version = ${before!.version}, checksum = '${before!.checksum}', serves_from = 0`);
    expect((await owner.api.get('products')).status).toBe(200); // nobody remembers a refusal
  });

  it('is served when a newer program took it further and took nothing away', async () => {
    const owner = await newOwner(app.api);
    await index(owner, `version = ${AHEAD}, checksum = '${'0'.repeat(32)}'`);
    expect((await owner.api.get('products')).status).toBe(200);
  });
});

describe('a statement that fails because of what a migration did', () => {
  it('ends in 503 when access was remembered from before', async () => {
    const owner = await newOwner(app.api);
    await newProduct(owner.api); // so it is remembered
    await takeAway(owner);
    await app.database.query(`ALTER TABLE ${schemaOf(owner)}.products DROP COLUMN vendor`);
    expectNotReady(await owner.api.get('products'));
    expectNotReady(await owner.api.post('products', { name: 'Late', sku: 'late', priceMinor: 1 }));
    expect(await app.database.query(`SELECT id FROM ${schemaOf(owner)}.products`)).toHaveLength(1);
  });

  it('ends in 500 when the index knows of no migration', async () => {
    const owner = await newOwner(app.api);
    await app.database.query(`ALTER TABLE ${schemaOf(owner)}.products DROP COLUMN vendor`);
    expect(problemIn(await owner.api.get('products'))).toBe('500 INTERNAL_ERROR');
  });
});

describe('AccessDirectory.explain', () => {
  const LINE = `INSERT INTO products (id, name, handle, currency, status) VALUES
    ('0198c0de-0000-7000-8000-000000000000'`;

  /** Answer to a failed statement, in a shop that was cached and then closed to the program. */
  async function explained(sql: string): Promise<{ error: unknown; explained: unknown }> {
    const owner = await newOwner(app.api);
    const directory = app.app.get(AccessDirectory, { strict: false });
    const access = await directory.enter(owner.user.id, owner.shop.id);
    await takeAway(owner);
    const error = await failureOf(access, sql);
    return { error, explained: await directory.explain(error, access) };
  }

  function failureOf({ shopId }: TenantAccess, sql: string): Promise<unknown> {
    const database = app.app.get(TenantDatabase, { strict: false });
    return database
      .transaction(shopId, (manager) => manager.query(sql))
      .then(
        () => expect('no error').toBe(sql),
        (error: unknown) => error,
      );
  }

  it.each([
    ['42703', 'SELECT nothing FROM products'],
    ['42P01', 'SELECT id FROM nothing'],
    ['42883', 'SELECT nothing(1)'],
    ['0A000', 'SELECT count(*) FROM products FOR UPDATE'],
    ['42804', 'INSERT INTO products (id) VALUES (1)'],
    ['23502', `${LINE}, NULL, 'a', 'EUR', 'active')`],
    ['23514', `${LINE}, 'a', 'a', 'EUR', 'nothing')`],
  ])('blames the migration for %s, and keeps the cause', async (code, sql) => {
    const { error, explained: found } = await explained(sql);
    expect(error).toMatchObject({ driverError: { code } });
    expect(found).toBeInstanceOf(ShopNotReady);
    expect((found as Error).cause).toBe(error);
  });

  it('leaves an error as it is that no migration explains', async () => {
    const { error, explained: found } = await explained(`SELECT 'x'::int`);
    expect(error).toMatchObject({ driverError: { code: '22P02' } });
    expect(found).toBe(error);
  });
});
