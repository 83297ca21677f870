import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { TenantSession } from '../../src/tenancy/tenant-session';
import { HistoryFile } from '../../src/tenant/transfer/order-history/history-file';
import type { RowFault } from '../../src/tenant/transfer/order-history/history-line';
import {
  type OrdersImportOptions,
  OrdersImportService,
} from '../../src/tenant/transfer/orders-import.service';
import { newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { readCsv } from '../support/independent-csv';
import { problemIn } from '../support/problem';
import { runCli, scratchFolder } from '../support/program';
import { firstRow, furtherRow, SHOPIFY_ORDER_COLUMNS, shopifyOrdersCsv } from '../support/shopify-orders';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
const folder = scratchFolder();
let owner: Owner;
let files = 0;

beforeEach(async () => {
  owner = await newOwner(app.api, { currency: 'EUR' });
});

function fileOf(content: string): string {
  const file = path.join(folder, `orders-${++files}.csv`);
  writeFileSync(file, content);
  return file;
}

async function importFile(file: string, options: Partial<OrdersImportOptions> = {}) {
  const service = await app.app.get(TenantSession).resolve(OrdersImportService, owner.shop.id);
  const faults: RowFault[] = [];
  const onFault = (fault: RowFault) => faults.push(fault);
  const report = await service.import(await HistoryFile.open(file), { mode: 'skip', onFault, ...options });
  expect(report.rows).toBe(report.lines + report.present + report.leftOut);
  return { report, faults };
}

const importRows = (...rows: Record<string, string>[]) => importFile(fileOf(shopifyOrdersCsv(rows)));

// oxlint-disable-next-line typescript/no-explicit-any -- see Answer.body
async function all(what: string): Promise<any[]> {
  return (await owner.api.get(`${what}?limit=100`)).body.items;
}

async function eventsOf(id: string) {
  return all(`orders/${id}/events`);
}

describe("an import of Shopify's export of orders", () => {
  it('stores an order with its lines, amounts, times, customer and everything else that it says', async () => {
    const { report, faults } = await importRows(
      firstRow({
        ...{ Subtotal: '22.00', Total: '26.90', 'Discount Code': 'WELCOME', 'Discount Amount': '3.00' },
        ...{
          Tags: 'gift, vip ,gift',
          Notes: 'Ring twice,\nplease',
          'Note Attributes': 'door: 3',
          'Lineitem discount': '1.00',
        },
        ...{ 'Tax 1 Name': 'TVA 20%', 'Tax 1 Value': '3.98', 'Lineitem compare at price': '12.00' },
      }),
      furtherRow({
        'Lineitem name': 'Tip',
        'Lineitem sku': '',
        'Lineitem quantity': '1',
        'Lineitem price': '5',
      }),
    );
    expect(faults).toEqual([]);
    expect(report).toMatchObject({ rows: 2, lines: 2, customers: 1, products: 1, notes: { SKU_MISSING: 1 } });
    expect(report.notStored).toEqual([
      'Lineitem compare at price',
      ...['Lineitem requires shipping', 'Lineitem taxable', 'Vendor'],
    ]);
    const [order, ...others] = await all('orders');
    const [customer] = await all('customers');
    expect(others).toEqual([]);
    expect(order).toMatchObject({
      ...{ number: 1, externalNumber: '#1001', kind: 'sale', currency: 'EUR' },
      ...{ status: 'fulfilled', paymentStatus: 'paid', fulfilmentStatus: 'fulfilled' },
      ...{ subtotalMinor: 2200, discountMinor: 300, shippingMinor: 490, taxMinor: 398, totalMinor: 2690 },
      ...{ paidMinor: 2690, refundedMinor: 0, dueMinor: 0, placedAt: '2026-05-01T07:59:00.000Z' },
      ...{ customer: { email: 'grace@example.com', name: 'Grace Hopper' }, customerId: customer.id },
      ...{ tags: ['gift', 'vip'], note: 'Ring twice,\nplease', createdBy: owner.user.id },
    });
    expect(order.attributes).toMatchObject({
      ...{
        'Discount Code': 'WELCOME',
        'Shipping Method': 'Standard',
        'Tax 1 Name': 'TVA 20%',
        Id: '7410991464714',
      },
    });
    expect(order.customerDetails).toEqual({
      ...{
        'Billing Name': 'Grace Hopper',
        'Billing Zip': '75008',
        'Billing Country': 'FR',
        'Note Attributes': 'door: 3',
      },
    });
    expect(order.lines).toMatchObject([
      {
        sku: 'LAMP',
        name: 'Lamp - Red',
        quantity: 2,
        priceMinor: 1000,
        discountMinor: 100,
        totalMinor: 1900,
      },
      { sku: null, name: 'Tip', productId: null, variantId: null, quantity: 1, totalMinor: 500 },
    ]);
    expect(customer).toMatchObject({ email: 'grace@example.com', name: 'Grace Hopper', country: 'FR' });
    expect(await eventsOf(order.id)).toMatchObject([
      { kind: 'payment', amountMinor: 2690, createdAt: '2026-05-01T08:00:00.000Z' },
      {
        kind: 'fulfilment',
        createdAt: '2026-05-02T07:00:00.000Z',
        lines: [{ quantity: 2 }, { quantity: 1 }],
      },
    ]);
    expect((await owner.api.get(`orders/${order.id}`)).body).toEqual(order);
  });

  it.each<[string, Record<string, string>, object]>([
    [
      'a pending order',
      {
        'Financial Status': 'pending',
        'Fulfillment Status': 'unfulfilled',
        'Lineitem fulfillment status': 'pending',
      },
      { status: 'pending', paymentStatus: 'pending', fulfilmentStatus: 'unfulfilled', dueMinor: 2490 },
    ],
    [
      'an unpaid order that was sent',
      { 'Financial Status': 'pending' },
      { status: 'fulfilled', paymentStatus: 'pending', dueMinor: 2490 },
    ],
    [
      'a part payment',
      {
        'Financial Status': 'partially_paid',
        'Outstanding Balance': '14.90',
        'Fulfillment Status': '',
        'Lineitem fulfillment status': 'pending',
      },
      { status: 'pending', paymentStatus: 'partially_paid', paidMinor: 1000, dueMinor: 1490 },
    ],
    [
      'a partial refund',
      { 'Financial Status': 'partially_refunded', 'Refunded Amount': '5.00' },
      { status: 'fulfilled', paymentStatus: 'partially_refunded', refundedMinor: 500, dueMinor: 0 },
    ],
    [
      'a refunded order that was cancelled',
      {
        'Financial Status': 'refunded',
        'Refunded Amount': '24.90',
        'Fulfillment Status': 'restocked',
        'Lineitem fulfillment status': 'restocked',
        'Cancelled at': '2026-05-03 10:00:00 +0200',
      },
      {
        status: 'cancelled',
        paymentStatus: 'refunded',
        lines: [{ cancelledQuantity: 2, fulfilledQuantity: 0 }],
      },
    ],
    [
      'a voided order that was cancelled',
      {
        'Financial Status': 'voided',
        'Fulfillment Status': 'unfulfilled',
        'Lineitem fulfillment status': 'pending',
        'Cancelled at': '2026-05-03 10:00:00 +0200',
      },
      { status: 'cancelled', paymentStatus: 'pending', dueMinor: 0 },
    ],
    [
      'a paid order that was not sent',
      { 'Fulfillment Status': 'unfulfilled', 'Lineitem fulfillment status': 'pending' },
      { status: 'paid', paymentStatus: 'paid', fulfilmentStatus: 'unfulfilled' },
    ],
    [
      'an order in yen',
      {
        Currency: 'JPY',
        Total: '2500',
        Subtotal: '2000',
        Shipping: '500',
        Taxes: '0',
        'Lineitem price': '1000',
      },
      { currency: 'JPY', totalMinor: 2500, lines: [{ priceMinor: 1000 }] },
    ],
  ])('knows %s', async (_what, cells, order) => {
    const { faults } = await importRows(firstRow(cells));
    expect(faults).toEqual([]);
    expect(await all('orders')).toMatchObject([order]);
  });

  it('knows an order of which one line was sent, and the rest can be handed over here', async () => {
    await importRows(
      firstRow({ 'Fulfillment Status': 'partial' }),
      furtherRow({ 'Lineitem sku': 'SHADE', 'Lineitem fulfillment status': 'pending' }),
    );
    const [{ id, ...order }] = await all('orders');
    expect(order).toMatchObject({ status: 'paid', fulfilmentStatus: 'partial' });
    const { body } = await owner.api.post(`orders/${id}/fulfil`);
    expect(body).toMatchObject({ status: 'fulfilled', fulfilmentStatus: 'fulfilled' });
    const units = { amountMinor: 0, lines: [{ position: 1, quantity: 2 }] };
    const refund = await owner.api.post(`orders/${id}/refund`, units);
    expect(refund.status).toBe(200);
    const product = (await owner.api.get(`products/${order.lines[0].productId}`)).body;
    expect(product.stock).toBe(0); // the order took none
  });

  it('lists events by time, by pages too', async () => {
    await importRows(
      firstRow({
        ...{ 'Created at': '2026-05-01 07:59:00 +0000', 'Paid at': '2026-05-01 08:05:00 +0000' },
        ...{ 'Fulfilled at': '2026-05-01 08:00:00 +0000', 'Fulfillment Status': 'fulfilled' },
      }),
    );
    const [{ id }] = await all('orders');
    await owner.api.post(`orders/${id}/refund`, { amountMinor: 1 });
    const kinds: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await owner.api.get(`orders/${id}/events?limit=1${page}`);
      kinds.push(...body.items.map(({ kind }: { kind: string }) => kind));
      cursor = body.nextCursor;
    }
    expect(kinds).toEqual(['fulfilment', 'payment', 'refund']);
  });

  it('gives a refund the last time of its order', async () => {
    await importRows(
      firstRow({
        ...{ 'Created at': '2026-05-01 07:59:00 +0000', 'Paid at': '2026-05-01 10:05:00 +0200' },
        ...{ 'Fulfilled at': '2026-05-01 08:00:00 +0000', 'Fulfillment Status': 'fulfilled' },
        ...{ 'Financial Status': 'partially_refunded', 'Refunded Amount': '5.00' },
      }),
    );
    const [{ id }] = await all('orders');
    const events = await eventsOf(id);
    expect(events.map(({ kind, createdAt }) => [kind, createdAt])).toEqual([
      ['fulfilment', '2026-05-01T08:00:00.000Z'],
      ['payment', '2026-05-01T08:05:00.000Z'],
      ['refund', '2026-05-01T08:05:00.000Z'],
    ]);
  });

  it('reads times without a zone in the given one', async () => {
    const file = fileOf(shopifyOrdersCsv([firstRow({ 'Created at': '2026-05-01 10:00:00', 'Paid at': '' })]));
    await importFile(file, { timezone: 'Europe/Paris' });
    const [{ id, placedAt }] = await all('orders');
    const [payment] = await eventsOf(id);
    expect([placedAt, payment.createdAt]).toEqual(Array(2).fill('2026-05-01T08:00:00.000Z'));
  });

  it('joins rows of one order at any distance behind its first', async () => {
    await importRows(
      firstRow(),
      firstRow({ Name: '#1002' }),
      furtherRow({ 'Lineitem name': 'Shade', 'Lineitem sku': "'0112" }),
    );
    const orders = await all('orders');
    expect(orders.map(({ externalNumber, lines }) => [externalNumber, lines.length])).toEqual([
      ['#1001', 2], // complete after the other
      ['#1002', 1],
    ]);
    expect(orders[0].lines[1]).toMatchObject({ sku: '0112', name: 'Shade' });
  });

  it('uses products of the catalogue by SKU, and leaves their stock alone', async () => {
    const product = await newProduct(owner.api, { sku: 'lamp', stock: 7 });
    expect((await importRows(firstRow())).report.products).toBe(0);
    expect((await all('orders'))[0].lines[0].productId).toBe(product.id);
    expect((await owner.api.get(`products/${product.id}`)).body).toEqual(product);
  });

  it('gives one address one customer, that of orders from here too, and others one by name', async () => {
    const { id } = await newProduct(owner.api);
    const customer = { email: 'grace@example.com', name: 'Grace' };
    await owner.api.post('orders', { lines: [{ productId: id, quantity: 1 }], customer });
    const { report } = await importRows(
      firstRow({ Email: ' Grace@Example.com' }),
      firstRow({ Name: '#1002', Email: '', 'Billing Name': '', 'Shipping Name': 'Ada' }),
      firstRow({ Name: '#1003', Email: '', 'Billing Name': '', 'Billing Zip': '' }),
    );
    expect(report).toMatchObject({ customers: 1, notes: { CUSTOMER_MISSING: 1 } });
    const customers = await all('customers');
    expect(customers).toMatchObject([{ name: 'Ada', email: null }, customer]);
    const ids = (await all('orders')).map(({ customerId }) => customerId);
    expect(ids).toEqual([null, customers[0].id, customers[1].id, customers[1].id]);
  });

  it('is erased with the customer: name, address, note and details', async () => {
    await importRows(firstRow({ Notes: 'For Grace', Phone: '+33610826417' }));
    const [{ id }] = await all('customers');
    expect((await owner.api.delete(`customers/${id}`)).status).toBe(204);
    const [order] = await all('orders');
    expect(order).toMatchObject({
      customer: null,
      customerId: null,
      note: null,
      customerDetails: {},
      totalMinor: 2490,
    });
    expect(JSON.stringify(order)).not.toMatch(/grace|3361/i);
    const { report } = await importRows(firstRow({ Notes: 'For Grace' }));
    expect([report.present, report.customers, await all('customers')]).toEqual([1, 0, []]); // nobody comes back
  });

  it('passes over rows without any value, and takes a file that lacks optional columns', async () => {
    const columns = SHOPIFY_ORDER_COLUMNS.slice(0, 22);
    const csv = `${shopifyOrdersCsv([firstRow()], columns)}${','.repeat(21)}\n`;
    expect((await importFile(fileOf(csv))).report).toMatchObject({ rows: 1, lines: 1 });
    expect(await all('orders')).toMatchObject([{ status: 'fulfilled', totalMinor: 2490 }]);
  });
});

describe('GET /orders/export', () => {
  it('has what the file said of an order', async () => {
    await importRows(
      firstRow({ Tags: 'gift, vip', Notes: '=1+1', 'Discount Amount': '3.00', 'Lineitem discount': '1.00' }),
    );
    await newOrder(owner.api, (await newProduct(owner.api)).id);
    const [filed, own] = readCsv((await owner.api.get('orders/export')).body);
    expect(filed).toMatchObject({
      ...{ Invoice: '#1001', StockCode: 'LAMP', Price: '10.00', Total: '19.00', 'Line Discount': '1.00' },
      ...{ Fulfilled: '2', Cancelled: '0', Returned: '0', 'Payment Status': 'paid' },
      ...{ 'Fulfilment Status': 'fulfilled', 'Order Subtotal': '20.00', 'Order Discount': '3.00' },
      ...{ 'Order Shipping': '4.90', 'Order Tax': '3.98', 'Order Total': '24.90', Paid: '24.90' },
      ...{ Refunded: '0.00', Tags: 'gift, vip', Note: "'=1+1" },
    });
    expect(JSON.parse(filed!['Customer Details']!)).toMatchObject({ 'Billing Zip': '75008' });
    expect(own).toMatchObject({ 'Payment Status': 'pending', 'Order Subtotal': '10.00', Attributes: '' });
  });
});

describe('bad rows', () => {
  it.each<[string, Record<string, string>]>([
    ['INVOICE_MISSING', { Name: '' }],
    ['TEXT_INVALID', { Name: '#'.repeat(65) }],
    ['TEXT_INVALID', { Notes: 'x'.repeat(5001) }],
    ['TEXT_INVALID', { 'Lineitem name': 'x'.repeat(256) }],
    ['QUANTITY_INVALID', { 'Lineitem quantity': '0' }],
    ['QUANTITY_INVALID', { 'Lineitem quantity': '1.5' }],
    ['PRICE_INVALID', { 'Lineitem price': '1,50' }],
    ['AMOUNT_INVALID', { Total: '' }],
    ['AMOUNT_INVALID', { Shipping: '-1' }],
    ['AMOUNT_INVALID', { 'Lineitem discount': '20.01' }],
    ['AMOUNT_INVALID', { 'Financial Status': 'pending', 'Refunded Amount': '1.00' }],
    ['STATUS_INVALID', { 'Financial Status': 'bartered' }],
    ['STATUS_INVALID', { 'Fulfillment Status': 'lost' }],
    ['CURRENCY_INVALID', { Currency: 'EURO' }],
    ['EMAIL_INVALID', { Email: 'grace' }],
    ['TIME_INVALID', { 'Created at': '01/05/2026' }],
    ['TIME_INVALID', { 'Paid at': 'yesterday' }],
  ])('%s is named by line, and other orders are stored', async (code, cells) => {
    const { report, faults } = await importRows(firstRow({ Name: '#1' }), firstRow({ Name: '#2', ...cells }));
    expect(faults.map((fault) => [fault.line, fault.code])).toEqual([[3, code]]);
    expect(report).toMatchObject({ rows: 2, lines: 1, leftOut: 1 });
    expect(await all('orders')).toMatchObject([{ externalNumber: '#1' }]);
  });

  it.each([
    ['ORDER_DATA_MISSING', [furtherRow(), firstRow()], [2, 3]],
    ['ORDER_REPEATED', [firstRow(), furtherRow(), firstRow()], [2, 4]],
    [
      'CURRENCY_DIFFERS',
      [
        firstRow({
          Currency: 'JPY',
          'Lineitem price': '5',
          Total: '9',
          Subtotal: '9',
          Shipping: '',
          Taxes: '',
        }),
        firstRow({ Name: '#2' }),
        furtherRow(),
      ],
      [4],
    ],
  ])('%s: the rows of an order do not make one', async (code, rows, lines) => {
    const { faults } = await importRows(...rows);
    expect(faults.filter((fault) => fault.code === code).map(({ line }) => line)).toEqual(lines);
    const stored = (await all('orders')).map(({ externalNumber }) => externalNumber);
    expect(stored).not.toContain('#1001');
  });

  it('refuse the file in mode atomic', async () => {
    const file = fileOf(shopifyOrdersCsv([firstRow(), firstRow({ Name: '#2', Total: 'x' })]));
    const error = await importFile(file, { mode: 'atomic' }).catch((it: Error) => it);
    expect((error as Error).name).toBe('IMPORT_REJECTED');
    expect(await all('orders')).toEqual([]);
  });
});

describe('a file of Shopify', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => [
      firstRow({ Name: `#${i}`, Email: `buyer${i % 40}@example.com` }),
      furtherRow({ Name: `#${i}`, 'Lineitem sku': `S${i % 30}` }),
    ]).flat();

  it('that is imported again changes nothing', async () => {
    const file = fileOf(shopifyOrdersCsv(many(60)));
    await importFile(file);
    const state = () => Promise.all(['orders', 'customers', 'products'].map(all));
    const before = await state();
    expect((await importFile(file)).report).toMatchObject({
      rows: 120,
      lines: 0,
      present: 120,
      customers: 0,
    });
    expect(await state()).toEqual(before);
  });

  it('that is imported twenty times at once is stored once, while the shop sells to its customers', async () => {
    const product = await newProduct(owner.api, { sku: 'LAMP', stock: 100 });
    const file = fileOf(shopifyOrdersCsv(many(60)));
    const buy = (i: number) =>
      owner.api.post('orders', {
        lines: [{ productId: product.id, quantity: 1 }],
        customer: { email: `buyer${i}@example.com` },
      });
    const [reports, sales] = await Promise.all([
      Promise.all(Array.from({ length: 20 }, () => importFile(file))),
      Promise.all(Array.from({ length: 20 }, (_, i) => buy(i))),
    ]);
    expect(sales.map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect(reports.reduce((sum, { report }) => sum + report.lines, 0)).toBe(120);
    expect(await all('customers')).toHaveLength(40);
    const numbers = (await all('orders')).map(({ number }) => number);
    expect(numbers).toEqual(Array.from({ length: 80 }, (_, i) => 80 - i));
  });

  it('is imported by the command, which names what it does not store', async () => {
    const file = fileOf(shopifyOrdersCsv([firstRow(), furtherRow({ 'Lineitem sku': '' })]));
    const { code, stdout } = await runCli(['orders:import', file, '--shop', owner.shop.slug], {
      env: { DATABASE_URL: app.database.url },
    });
    expect([code, stdout]).toEqual([0, expect.stringContaining('SKU_MISSING: 1 ')]);
    expect(stdout).toContain('COLUMNS_NOT_STORED: Lineitem requires shipping, Lineitem taxable, Vendor');
    expect(stdout).toMatch(/2 rows: 2 stored, 0 of orders stored earlier, 0 left out\n$/);
  });

  it('leaves the number of orders to come without a gap', async () => {
    await importRows(firstRow());
    const order = await newOrder(owner.api, (await newProduct(owner.api)).id);
    expect(order.number).toBe(2);
    expect(problemIn(await owner.api.post(`orders/${order.id}/refund`))).toBe('409 TRANSITION_REFUSED');
  });
});
