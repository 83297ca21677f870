import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { customerListOf } from '../../src/tenant/customers/customer-list';
import type { Api } from '../support/api';
import { withClient } from '../support/database';
import { created, newOwner, newProduct, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { faultsOf } from '../support/schema-check';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
const MISSING = '01900000-0000-7000-8000-000000000000';
let owner: Owner;
let api: Api;
let productId: string;

beforeEach(async () => {
  owner = await newOwner(app.api);
  ({ api } = owner);
  productId = (await newProduct(api, { stock: 100 })).id;
});

const schemaOf = ({ shop }: Owner) => new TenantLocator().locate(shop.id).schema;

async function newCustomer(fields: object) {
  return created(await api.post('customers', fields)).body;
}

async function orderBy(customer: object | undefined) {
  return created(await api.post('orders', { lines: [{ productId, quantity: 1 }], customer })).body;
}

async function customers() {
  return (await api.get('customers?limit=100')).body.items;
}

const twenty = <T>(work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 20 }, (_, i) => work(i)));

describe('GET /customers', () => {
  it('lists customers by pages, newest first, as each is shown alone', async () => {
    for (const name of ['A', 'B', 'C']) await newCustomer({ name });
    const first = (await api.get('customers?limit=2')).body;
    const second = (await api.get(`customers?limit=2&cursor=${first.nextCursor}`)).body;
    const all = [...first.items, ...second.items];
    expect(all.map(({ name }) => name)).toEqual(['C', 'B', 'A']);
    expect(second.nextCursor).toBeNull();
    expect((await api.get(`customers/${all[0].id}`)).body).toEqual(all[0]);
  });

  it('finds an address among 50,000 by its index, with and without statistics', async () => {
    const plans = await withClient(app.database.url, async (client) => {
      await client.query(`BEGIN; SET LOCAL search_path TO ${schemaOf(owner)}`);
      await client.query(`
        INSERT INTO customers (id, email)
        SELECT gen_random_uuid(), 'buyer' || n || '@example.com' FROM generate_series(1, 50000) n`);
      const [sql, values] = customerListOf({ email: 'buyer7@example.com', limit: 20 }).page;
      const explain = () => client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`, values);
      const before = await explain();
      await client.query('ANALYZE customers');
      const explained = [before, await explain()];
      await client.query('ROLLBACK');
      return explained.map(({ rows }) => rows.map((row) => row['QUERY PLAN']).join('\n'));
    });
    for (const plan of plans) {
      expect(plan).toContain('customers_email_key');
      expect(plan).not.toMatch(/Seq Scan|customers_pkey/);
    }
  });

  it('refuses a cursor that is not an id', async () => {
    expect(problemIn(await api.get('customers?cursor=1'))).toBe('400 INVALID_CURSOR');
  });
});

describe('POST /customers', () => {
  it('adds a customer', async () => {
    const customer = await newCustomer({ name: 'Grace', email: ' Grace@Example.COM ', country: 'France' });
    expect(customer).toMatchObject({ name: 'Grace', email: 'grace@example.com', country: 'France' });
    expect(customer.externalNumber).toBeNull();
    expect((await api.get(`customers/${customer.id}`)).body).toEqual(customer);
  });

  it('adds walk-in customers by name alone, two of one name too', async () => {
    for (let i = 0; i < 2; i++) expect(await newCustomer({ name: 'Grace' })).toMatchObject({ email: null });
    expect(await customers()).toHaveLength(2);
  });

  it.each([
    {},
    { name: null },
    { country: 'France' },
    { name: '' },
    { email: 'x' },
    { name: 'x', phone: '1' },
  ])('refuses %j', async (body) => {
    expect(problemIn(await api.post('customers', body))).toBe('400 VALIDATION_FAILED');
  });

  it('makes one customer of an address, in any case and from twenty at once', async () => {
    const answers = await twenty((i) =>
      api.post('customers', { email: i % 2 === 0 ? 'grace@example.com' : 'Grace@Example.com' }),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 201).map(problemIn);
    expect(refused).toEqual(Array(19).fill('409 CUSTOMER_EMAIL_TAKEN'));
  });
});

describe('PATCH /customers/:id', () => {
  it('changes what it names, and leaves orders as they were', async () => {
    const order = await orderBy({ email: 'grace@example.com', name: 'Grace' });
    const { status, body } = await api.patch(`customers/${order.customerId}`, {
      email: 'hopper@example.com',
    });
    expect([status, body]).toMatchObject([200, { email: 'hopper@example.com', name: 'Grace' }]);
    expect((await api.get(`orders/${order.id}`)).body).toEqual(order);
    expect((await orderBy({ email: 'hopper@example.com' })).customerId).toBe(order.customerId);
  });

  it('takes any field alone, as the document says', async () => {
    const { id } = await newCustomer({ name: 'Grace' });
    const { schemas } = (await api.get('/openapi.json')).body.components;
    for (const changes of [{ country: 'Norway' }, { name: 'Ada' }, {}]) {
      expect(faultsOf(changes, schemas.UpdateCustomerDto, schemas)).toEqual([]);
      expect((await api.patch(`customers/${id}`, changes)).status).toBe(200);
    }
    expect(faultsOf({ country: 'Norway' }, schemas.CreateCustomerDto, schemas)).not.toEqual([]);
  });

  it('refuses an address that another has, and to leave neither address nor name', async () => {
    const grace = await newCustomer({ email: 'grace@example.com' });
    const ada = await newCustomer({ name: 'Ada' });
    const answer = await api.patch(`customers/${ada.id}`, { email: 'Grace@example.com' });
    expect(problemIn(answer)).toBe('409 CUSTOMER_EMAIL_TAKEN');
    expect(problemIn(await api.patch(`customers/${ada.id}`, { name: null }))).toBe('400 VALIDATION_FAILED');
    expect(await customers()).toEqual([ada, grace]);
  });

  it('takes what GET has answered, with another country', async () => {
    for (const person of [{ name: 'Grace' }, { email: 'hopper@example.com' }]) {
      const before = await newCustomer(person);
      const { status, body } = await api.patch(`customers/${before.id}`, { ...before, country: 'France' });
      expect([status, body]).toEqual([200, { ...before, country: 'France', updatedAt: expect.any(String) }]);
    }
  });

  it.each([
    ['id', MISSING],
    ['externalNumber', '1'],
    ['createdAt', '2026-01-01T00:00:00.000Z'],
    ['updatedAt', '2026-01-01T00:00:00.000Z'],
  ])('refuses another %s', async (field, value) => {
    const before = await newCustomer({ name: 'Grace' });
    const answer = await api.patch(`customers/${before.id}`, { ...before, name: 'Ada', [field]: value });
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
    expect(answer.body.errors).toMatchObject([{ field }]);
    expect((await api.get(`customers/${before.id}`)).body).toEqual(before);
  });

  it('refuses an unknown customer', async () => {
    expect(problemIn(await api.patch(`customers/${MISSING}`, { name: 'x' }))).toBe('404 CUSTOMER_NOT_FOUND');
  });
});

describe('an order with a customer', () => {
  it('gets the customer with its address, who is created if new', async () => {
    const first = await orderBy({ email: 'Grace@Example.com', name: 'Grace' });
    const second = await orderBy({ email: 'grace@example.com', name: 'G. Hopper' });
    expect([first.customer.name, second.customer.name]).toEqual(['Grace', 'G. Hopper']);
    const [customer, ...others] = await customers();
    expect(others).toEqual([]);
    expect(customer).toMatchObject({ email: 'grace@example.com', name: 'Grace', externalNumber: null });
    expect([first.customerId, second.customerId]).toEqual([customer.id, customer.id]);
  });

  it('needs no address: a name alone is a customer of its own', async () => {
    const [a, b] = [await orderBy({ name: 'Grace' }), await orderBy({ name: 'Grace' })];
    expect(a.customer).toEqual({ email: null, name: 'Grace' });
    expect((await customers()).map(({ id }: { id: string }) => id)).toEqual([b.customerId, a.customerId]);
  });

  it('shows the name that its customer has, unless it brings one', async () => {
    await newCustomer({ name: 'Grace', email: 'grace@example.com' });
    expect((await orderBy({ email: 'Grace@example.com' })).customer.name).toBe('Grace');
    expect((await orderBy({ email: 'grace@example.com', name: 'G. H.' })).customer.name).toBe('G. H.');
    expect((await orderBy({ email: 'new@example.com' })).customer.name).toBeNull();
  });

  it('is without one if it says null', async () => {
    const { lines } = await orderBy(undefined);
    const sold = [{ variantId: lines[0].variantId, quantity: 1 }];
    const { status, body } = await api.post('orders', { lines: sold, customer: null });
    expect([status, body.customer, body.customerId]).toEqual([201, null, null]);
  });

  it('makes no customer if it names none, or if it is refused', async () => {
    expect((await orderBy(undefined)).customerId).toBeNull();
    const lines = [{ productId, quantity: 1000 }];
    const answer = await api.post('orders', { lines, customer: { email: 'grace@example.com' } });
    expect(problemIn(answer)).toBe('409 INSUFFICIENT_STOCK');
    expect(await customers()).toEqual([]);
  });

  it('is one of twenty at once, in either order of products, of one new address', async () => {
    const other = (await newProduct(api, { stock: 100 })).id;
    const lines = [productId, other].map((id) => ({ productId: id, quantity: 1 }));
    const answers = await twenty((i) =>
      api.post('orders', { lines: [lines[i % 2]], customer: { email: 'grace@example.com', name: `${i}` } }),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    const [customer, ...others] = await customers();
    expect(others).toEqual([]);
    expect(new Set(answers.map(({ body }) => body.customerId))).toEqual(new Set([customer.id]));
    const numbers = answers.map(({ body }) => body.number as number).toSorted((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });
});

describe('DELETE /customers/:id', () => {
  it('erases the person everywhere, and keeps the orders', async () => {
    const order = await orderBy({ email: 'grace@example.com', name: 'Grace' });
    const other = await orderBy({ email: 'ada@example.com', name: 'Ada' });
    expect((await api.delete(`customers/${order.customerId}`)).status).toBe(204);
    const { body } = await api.get(`orders/${order.id}`);
    expect(body).toEqual({ ...order, customer: null, customerId: null, updatedAt: expect.any(String) });
    expect((await api.get(`orders/${other.id}`)).body).toEqual(other);
    expect(problemIn(await api.get(`customers/${order.customerId}`))).toBe('404 CUSTOMER_NOT_FOUND');
    expect(problemIn(await api.delete(`customers/${order.customerId}`))).toBe('404 CUSTOMER_NOT_FOUND');
    const schema = schemaOf(owner);
    const [{ text }] = (await app.database.query<{ text: string }>(
      `SELECT (SELECT json_agg(o) FROM ${schema}.orders o)::text || (SELECT json_agg(c) FROM ${schema}.customers c)::text AS text`,
    )) as [{ text: string }];
    expect(text).not.toMatch(/grace/i);
  });

  it('leaves no order with an erased person when orders come in at once', async () => {
    const customer = { email: 'grace@example.com', name: 'Grace' };
    const first = await orderBy(customer);
    const [erased, ...orders] = await Promise.all([
      api.delete(`customers/${first.customerId}`),
      ...Array.from({ length: 20 }, () => orderBy(customer)),
    ]);
    expect(erased.status).toBe(204);
    const left = await customers();
    for (const { id } of [first, ...orders]) {
      const { body } = await api.get(`orders/${id}`);
      const isErased = body.customerId === null;
      expect(body).toMatchObject(isErased ? { customer: null } : { customerId: left[0].id, customer });
    }
    expect(left.length).toBeLessThanOrEqual(1);
  });

  it('lets an address be used again', async () => {
    const { customerId } = await orderBy({ email: 'grace@example.com' });
    await api.delete(`customers/${customerId}`);
    expect((await orderBy({ email: 'grace@example.com' })).customerId).not.toBe(customerId);
  });
});

describe('customers of two shops', () => {
  it('shop B cannot see, change or guess rows of shop A, and may have the same address', async () => {
    const bob = await newOwner(app.api);
    const { id } = await newCustomer({ email: 'grace@example.com' });
    expect((await bob.api.get('customers')).body.items).toEqual([]);
    const asks = [
      (it: string) => bob.api.get(`customers/${it}`),
      (it: string) => bob.api.patch(`customers/${it}`, { name: 'x' }),
      (it: string) => bob.api.delete(`customers/${it}`),
    ];
    for (const ask of asks) {
      const [foreign, missing] = await Promise.all([ask(id), ask(MISSING)]);
      expect(problemIn(foreign)).toBe('404 CUSTOMER_NOT_FOUND');
      expect({ ...foreign.body, instance: null }).toEqual({ ...missing.body, instance: null });
    }
    expect((await bob.api.post('customers', { email: 'grace@example.com' })).status).toBe(201);
    expect(await customers()).toHaveLength(1);
  });
});
