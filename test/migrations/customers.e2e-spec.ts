import type { MigrationInterface } from 'typeorm';
import { PartCustomerEmails1796100011000 } from '../../migrations/tenant/1796100011000-part-customer-emails';
import { IndexCustomerEmails1796100012000 } from '../../migrations/tenant/1796100012000-index-customer-emails';
import { LinkCustomers1796100013000 } from '../../migrations/tenant/1796100013000-link-customers';
import { newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
let owner: Owner;

beforeEach(async () => {
  owner = await newOwner(app.api);
});

/** Runs statements in the schema of the shop; a backfill covers all rows at once. */
async function run(...statements: string[]): Promise<void> {
  const schema = `shop_${owner.shop.id.replaceAll('-', '')}`;
  for (const sql of statements)
    await app.database.query(`SET search_path TO ${schema}; ${sql.replaceAll('{batch}', 'true')}`);
}

async function up(migration: MigrationInterface): Promise<void> {
  const statements: string[] = [];
  await migration.up({ query: (sql: string) => Promise.resolve(statements.push(sql)) } as never);
  await run(...statements);
}

it('keeps two imported customers of one address, of which the older keeps the address', async () => {
  await run(
    'DROP INDEX customers_email_key',
    `INSERT INTO customers (id, external_number, email, country) VALUES
       ('01900000-0000-7000-8000-000000000001', '1', 'Grace@example.com', 'France'),
       ('01900000-0000-7000-8000-000000000002', '2', 'grace@example.com', 'Spain'),
       ('01900000-0000-7000-8000-000000000003', '3', 'ada@example.com', 'Spain')`,
  );
  await up(new PartCustomerEmails1796100011000());
  await up(new IndexCustomerEmails1796100012000());
  const { items } = (await owner.api.get('customers')).body;
  expect(items).toMatchObject([
    { externalNumber: '3', email: 'ada@example.com' },
    { externalNumber: '2', email: null, country: 'Spain' },
    { externalNumber: '1', email: 'Grace@example.com', country: 'France' },
  ]);
});

it('gives orders from before the customer of their address', async () => {
  const { id } = await newProduct(owner.api);
  const emails = ['grace@example.com', 'ada@example.com', 'grace@example.com', null];
  const orders: string[] = [];
  for (const email of emails) {
    const order = await newOrder(owner.api, id);
    orders.push(order.id);
    if (email !== null) await run(`UPDATE orders SET customer_email = '${email}' WHERE id = '${order.id}'`);
  }
  const { body: ada } = await owner.api.post('customers', { email: 'ada@example.com', name: 'Ada' });
  await up(new LinkCustomers1796100013000());
  await up(new LinkCustomers1796100013000()); // a repetition changes nothing
  const { items } = (await owner.api.get('customers')).body;
  const grace = items.find(({ email }: { email: string }) => email === 'grace@example.com');
  expect(items).toHaveLength(2);
  const links = await Promise.all(orders.map(async (it) => (await owner.api.get(`orders/${it}`)).body));
  expect(links.map(({ customerId }) => customerId)).toEqual([grace.id, ada.id, grace.id, null]);
});
