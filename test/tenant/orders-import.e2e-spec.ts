import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { TenantSession } from '../../src/tenancy/tenant-session';
import { HistoryFile } from '../../src/tenant/transfer/order-history/history-file';
import type { RowFault } from '../../src/tenant/transfer/order-history/history-line';
import {
  type OrdersImportOptions,
  type OrdersImportReport,
  OrdersImportService,
} from '../../src/tenant/transfer/orders-import.service';
import type { Api } from '../support/api';
import { created, newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { readCsv } from '../support/independent-csv';
import { problemIn } from '../support/problem';
import { runCli, scratchFolder } from '../support/program';
import { describeWithRealData, REAL_DATA } from '../support/real-data';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
const folder = scratchFolder();
const HEADER = 'Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country';
let files = 0;

function fileOf(content: string | Buffer): string {
  const file = path.join(folder, `history-${++files}.csv`);
  writeFileSync(file, content);
  return file;
}

/** A row of a file, with defaults for the cells that a test does not set. */
function row(
  overrides: Partial<
    Record<'invoice' | 'code' | 'text' | 'count' | 'time' | 'price' | 'customer' | 'country', string>
  > = {},
): string {
  const usual = {
    invoice: '1',
    code: 'A1',
    text: 'LAMP',
    count: '2',
    time: '2010-05-01 10:00:00',
    price: '1.50',
  };
  const all = { ...usual, customer: '13085', country: 'France', ...overrides };
  const { invoice, code, text, count, time, price, customer, country } = all;
  return [invoice, code, text, count, time, price, customer, country].join(',');
}

const csvOf = (...rows: string[]) => [HEADER, ...rows].join('\n');

interface Imported {
  report: OrdersImportReport;
  faults: RowFault[];
}

async function importFile(
  { shop }: Owner,
  file: string,
  options: Partial<OrdersImportOptions> = {},
): Promise<Imported> {
  const service = await app.app.get(TenantSession).resolve(OrdersImportService, shop.id);
  const faults: RowFault[] = [];
  const onFault = (fault: RowFault) => faults.push(fault);
  const report = await service.import(await HistoryFile.open(file), { mode: 'skip', onFault, ...options });
  expect(report.rows).toBe(report.lines + report.present + report.leftOut);
  return { report, faults };
}

const importRows = (owner: Owner, ...rows: string[]) => importFile(owner, fileOf(csvOf(...rows)));

// oxlint-disable-next-line typescript/no-explicit-any -- see Answer.body
async function all(api: Api, what: string): Promise<any[]> {
  const items = [];
  for (let cursor = ''; ;) {
    const { body } = await api.get(`${what}?limit=100${cursor}`);
    items.push(...body.items);
    if (body.nextCursor === null) return items;
    cursor = `&cursor=${body.nextCursor}`;
  }
}

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: Error) => error.name,
  );

let owner: Owner;
beforeEach(async () => {
  owner = await newOwner(app.api, { currency: 'GBP' });
});

describe('an import of past orders', () => {
  it('stores a sale with its lines, customer, product and time', async () => {
    await importRows(owner, row(), row({ code: 'B2', text: 'SHADE', count: '1', price: '0.75' }));
    const [order] = await all(owner.api, 'orders');
    const [customer] = await all(owner.api, 'customers');
    const [shade, lamp] = await all(owner.api, 'products');
    expect(customer).toMatchObject({ externalNumber: '13085', country: 'France', name: null, email: null });
    expect(lamp).toMatchObject({
      handle: 'a1',
      sku: 'A1',
      name: 'LAMP',
      stock: 0,
      status: 'archived',
      priceMinor: 150,
    });
    expect(order).toMatchObject({
      ...{
        number: 1,
        kind: 'sale',
        status: 'fulfilled',
        externalNumber: '1',
        currency: 'GBP',
        totalMinor: 375,
      },
      ...{
        customer: null,
        customerId: customer.id,
        placedAt: '2010-05-01T10:00:00.000Z',
        createdBy: owner.user.id,
      },
    });
    expect(order.lines).toMatchObject([
      { sku: 'A1', name: 'LAMP', productId: lamp.id, quantity: 2, priceMinor: 150, totalMinor: 300 },
      { sku: 'B2', name: 'SHADE', productId: shade.id, quantity: 1, priceMinor: 75, totalMinor: 75 },
    ]);
    expect((await owner.api.get(`orders/${order.id}`)).body).toEqual(order);
  });

  it.each([
    ['a negative quantity of an order', row({ count: '-3' }), 'return', 3, 150],
    ['a credit note', row({ invoice: 'C9', count: '-3' }), 'return', 3, 150],
    ['a credit note without an amount', row({ invoice: 'C9', count: '-3', price: '0' }), 'return', 3, 0],
    ['a charge under the number of a credit note', row({ invoice: 'C9', count: '3' }), 'sale', 3, 150],
    ['goods written off', row({ count: '-3', price: '0' }), 'adjustment', 3, 0],
    ['a bad debt', row({ invoice: 'A5', count: '1', price: '-53.36' }), 'adjustment', 1, 5336],
    ['a gift', row({ count: '3', price: '0.0' }), 'sale', 3, 0],
  ])('knows %s', async (_what, line, kind, quantity, priceMinor) => {
    await importRows(owner, line);
    expect(await all(owner.api, 'orders')).toMatchObject([
      { kind, totalMinor: quantity * priceMinor, lines: [{ quantity, priceMinor }] },
    ]);
  });

  it('keeps lines that are repeated, and counts them', async () => {
    const { report } = await importRows(owner, row(), row({ code: 'B' }), row());
    expect(report.notes.LINE_REPEATED).toBe(1);
    expect((await all(owner.api, 'orders'))[0]).toMatchObject({ totalMinor: 900, lines: [{}, {}, {}] });
  });

  it('names a product as most of its sold lines do, and a line as the file does', async () => {
    const { report } = await importRows(
      owner,
      row({ invoice: '1', text: 'WHITE LAMP' }),
      row({ invoice: '2', text: 'LAMP' }),
      row({ invoice: '3', text: 'LAMP', price: '1.75' }),
      ...['4', '5', '6'].map((invoice) => row({ invoice, text: 'damaged', count: '-1', price: '0' })),
      row({ invoice: '7', text: '' }),
    );
    expect(await all(owner.api, 'products')).toMatchObject([{ name: 'LAMP', priceMinor: 150 }]);
    const names = (await all(owner.api, 'orders')).map(({ lines }) => lines[0].name);
    expect(names).toEqual(['LAMP', 'damaged', 'damaged', 'damaged', 'LAMP', 'LAMP', 'WHITE LAMP']);
    expect(report.notes.DESCRIPTION_MISSING).toBe(1);
  });

  it('names a product by its code when nothing was ever charged for it', async () => {
    await importRows(owner, row({ text: 'missing', count: '-1', price: '0' }));
    expect(await all(owner.api, 'products')).toMatchObject([{ name: 'A1', priceMinor: 0 }]);
  });

  it('finds products and customers whose names are written in decomposed letters', async () => {
    const mug = created(
      await owner.api.post('products', { name: 'Mug', sku: 'CAF\u00c9', priceMinor: 1, stock: 0 }),
    ).body;
    await importRows(
      owner,
      row({ code: 'CAFE\u0301', text: 'Tasse a\u0300 the\u0301', country: 'Re\u0301union' }),
    );
    const [order] = await all(owner.api, 'orders');
    expect(order.lines).toMatchObject([
      { productId: mug.id, sku: 'CAF\u00c9', name: 'Tasse \u00e0 th\u00e9' },
    ]);
    expect(await all(owner.api, 'customers')).toMatchObject([{ country: 'R\u00e9union' }]);
  });

  it('treats two spellings of a stock code as one product', async () => {
    const { report } = await importRows(owner, row({ code: '85014B' }), row({ code: ' 85014b ' }));
    expect(report).toMatchObject({ products: 1, notes: { CODE_RESPELLED: 1 } });
    const [{ lines }] = await all(owner.api, 'orders');
    expect(lines.map(({ sku }: { sku: string }) => sku)).toEqual(['85014B', '85014b']);
    expect(lines[0].variantId).toBe(lines[1].variantId);
  });

  it('uses products of the catalogue by SKU, and leaves them and their stock alone', async () => {
    const product = await newProduct(owner.api, { sku: 'a1', name: 'Own name', stock: 7 });
    const { report } = await importRows(owner, row({ code: 'A1' }));
    expect(report.products).toBe(0);
    expect((await all(owner.api, 'orders'))[0].lines[0]).toMatchObject({
      productId: product.id,
      name: 'LAMP',
    });
    expect((await owner.api.get(`products/${product.id}`)).body).toEqual(product);
  });

  it('gives a product another handle when its own is taken', async () => {
    await newProduct(owner.api, { handle: 'a-1' });
    await importRows(owner, row({ code: 'A-1' }), row({ code: 'A_1' }), row({ code: '???' }));
    const handles = (await all(owner.api, 'products')).map(({ handle }) => String(handle)).toSorted();
    expect(handles).toEqual([
      'a-1',
      expect.stringMatching(/^a-1-\w{8}$/),
      expect.stringMatching(/^a-1-\w{8}$/),
      'product',
    ]);
  });

  it('stores orders without a customer, and the last country of one with several', async () => {
    const { report } = await importRows(
      owner,
      row({ invoice: '1', customer: '' }),
      row({ invoice: '2', country: 'Spain' }),
      row({ invoice: '3', country: 'EIRE' }),
    );
    expect(report.notes).toMatchObject({ CUSTOMER_MISSING: 1, COUNTRY_NOT_KEPT: 2 });
    expect(await all(owner.api, 'customers')).toMatchObject([{ country: 'EIRE' }]);
    const ids = (await all(owner.api, 'orders')).map(({ customerId }) => customerId === null);
    expect(ids).toEqual([false, false, true]);
  });

  it('dates an order with several times by its first row', async () => {
    const { report } = await importRows(owner, row(), row({ time: '2010-05-01 10:01:00' }));
    expect(report.notes.TIMES_DIFFER).toBe(1);
    expect((await all(owner.api, 'orders'))[0].placedAt).toBe('2010-05-01T10:00:00.000Z');
  });

  it('reads times in the given time zone, summer time included', async () => {
    const file = fileOf(csvOf(row({ invoice: '1', time: '2010-01-01 10:00:00' }), row({ invoice: '2' })));
    await importFile(owner, file, { timezone: 'Europe/London' });
    const times = (await all(owner.api, 'orders')).map(({ placedAt }) => placedAt);
    expect(times).toEqual(['2010-05-01T09:00:00.000Z', '2010-01-01T10:00:00.000Z']);
  });

  it('rounds a price with more digits than the currency, and names the row', async () => {
    const { report, faults } = await importRows(owner, row({ count: '1000', price: '0.001' }));
    expect(report).toMatchObject({ lines: 1, leftOut: 0, notes: { PRICE_ROUNDED: 1 } });
    expect(faults).toMatchObject([{ line: 2, invoice: '1', code: 'PRICE_ROUNDED' }]);
    expect((await all(owner.api, 'orders'))[0]).toMatchObject({
      totalMinor: 100,
      lines: [{ priceMinor: 0 }],
    });
  });

  it('joins the rows of an order that are separated by others', async () => {
    await importRows(owner, row(), row({ invoice: '2' }), row({ code: 'B' }));
    const orders = await all(owner.api, 'orders');
    expect(orders.map(({ externalNumber, lines }) => [externalNumber, lines.length])).toEqual([
      ['1', 2],
      ['2', 1],
    ]);
  });

  it('numbers orders after the existing ones, without gaps, and sales continue after them', async () => {
    const product = await newProduct(owner.api, { sku: 'A1' });
    await newOrder(owner.api, product.id);
    await importRows(owner, row({ invoice: '1' }), row({ invoice: '2' }));
    await newOrder(owner.api, product.id);
    const orders = await all(owner.api, 'orders');
    expect(orders.map(({ number, externalNumber, kind }) => [number, externalNumber, kind])).toEqual([
      [4, null, 'sale'],
      [3, '2', 'sale'],
      [2, '1', 'sale'],
      [1, null, 'sale'],
    ]);
    expect(orders[0].placedAt).toBe(orders[0].createdAt);
  });

  it('treats an imported order as finished', async () => {
    await importRows(owner, row());
    const [{ id }] = await all(owner.api, 'orders');
    for (const step of ['pay', 'fulfil', 'cancel'])
      expect(problemIn(await owner.api.post(`orders/${id}/${step}`))).toBe('409 TRANSITION_REFUSED');
  });

  it('does not show another shop anything', async () => {
    const other = await newOwner(app.api);
    await importRows(owner, row());
    for (const what of ['orders', 'customers', 'products']) expect(await all(other.api, what)).toEqual([]);
    await importRows(other, row());
    expect(await all(other.api, 'orders')).toMatchObject([{ number: 1, externalNumber: '1' }]);
    expect(await all(owner.api, 'orders')).toHaveLength(1);
  });
});

describe('bad rows', () => {
  it.each([
    ['COLUMN_COUNT', '1,A1,LAMP'],
    ['TEXT_INVALID', row({ text: 'x'.repeat(256) })],
    ['TEXT_INVALID', row({ text: 'a\0b' })],
    ['TEXT_INVALID', row({ text: 'a\u0001b' })],
    ['TEXT_INVALID', row({ invoice: '1'.repeat(65) })],
    ['INVOICE_MISSING', row({ invoice: ' ' })],
    ['STOCK_CODE_MISSING', row({ code: '' })],
    ['QUANTITY_INVALID', row({ count: '0' })],
    ['QUANTITY_INVALID', row({ count: '1.5' })],
    ['QUANTITY_INVALID', row({ count: '100001' })],
    ['PRICE_INVALID', row({ price: '' })],
    ['PRICE_INVALID', row({ price: '£1' })],
    ['SIGNS_INVALID', row({ count: '-1', price: '-1' })],
    ['TIME_INVALID', row({ time: '01/05/2010 10:00' })],
    ['TIME_INVALID', row({ time: '2010-02-29 10:00:00' })],
    ['TIME_INVALID', row({ time: '2010-05-00 10:00:00' })],
  ])('%s is named by line, and other orders are stored', async (code, bad) => {
    const { report, faults } = await importRows(owner, row({ invoice: 'good' }), bad);
    expect(faults.map((fault) => [fault.line, fault.code])).toEqual([[3, code]]);
    expect(report).toMatchObject({ rows: 2, lines: 1, leftOut: 1 });
    expect(await all(owner.api, 'orders')).toMatchObject([{ externalNumber: 'good' }]);
  });

  it('leave out the whole order, rows before and after them too', async () => {
    const { faults } = await importRows(
      owner,
      ...[
        row(),
        row({ count: 'x' }),
        row({ code: 'B' }),
        row({ invoice: '2', price: '?' }),
        row({ invoice: '2' }),
      ],
    );
    expect(faults.map(({ line, code }) => [line, code])).toEqual([
      [2, 'ORDER_UNUSABLE'],
      [3, 'QUANTITY_INVALID'],
      [4, 'ORDER_UNUSABLE'],
      [5, 'PRICE_INVALID'],
      [6, 'ORDER_UNUSABLE'],
    ]);
    for (const what of ['orders', 'customers', 'products']) expect(await all(owner.api, what)).toEqual([]);
  });

  it.each([
    ['KIND_DIFFERS', row({ count: '-1' })],
    ['CUSTOMER_DIFFERS', row({ customer: '13086' })],
  ])('%s: a row does not fit the first of its order', async (code, bad) => {
    const { faults } = await importRows(owner, row(), bad);
    expect(faults.map((fault) => [fault.line, fault.code])).toEqual([
      [2, 'ORDER_UNUSABLE'],
      [3, code],
    ]);
  });

  it('LINES_TOO_MANY: an order has a thousand lines at most', async () => {
    const rows = Array.from({ length: 1001 }, (_, i) => row({ code: `A${i % 7}` }));
    expect((await importRows(owner, ...rows)).report).toMatchObject({ lines: 0, leftOut: 1001 });
    expect((await importRows(owner, ...rows.slice(1))).report).toMatchObject({ lines: 1000, leftOut: 0 });
  });

  it('refuse the file in mode atomic', async () => {
    const file = fileOf(csvOf(row({ invoice: 'good' }), row({ price: 'x' })));
    expect(await codeOf(importFile(owner, file, { mode: 'atomic' }))).toBe('IMPORT_REJECTED');
    expect(await all(owner.api, 'orders')).toEqual([]);
  });

  it('are stored when the corrected file is imported again', async () => {
    await importRows(owner, row({ invoice: '1' }), row({ invoice: '2', price: 'x' }));
    const { report } = await importRows(owner, row({ invoice: '1' }), row({ invoice: '2' }));
    expect(report).toMatchObject({ lines: 1, present: 1, leftOut: 0 });
  });
});

describe('a file', () => {
  const many = () =>
    Array.from({ length: 12_000 }, (_, i) => row({ invoice: `${i >> 3}`, code: `A${i % 50}` }));

  it('that is imported again changes nothing', async () => {
    const file = fileOf(csvOf(...many().slice(0, 200)));
    await importFile(owner, file);
    const before = await Promise.all(['orders', 'customers', 'products'].map((what) => all(owner.api, what)));
    const { report } = await importFile(owner, file);
    expect(report).toMatchObject({ rows: 200, lines: 0, present: 200, products: 0, customers: 0 });
    const after = await Promise.all(['orders', 'customers', 'products'].map((what) => all(owner.api, what)));
    expect(after).toEqual(before);
  });

  it('of which a batch fails leaves complete orders, and continues there when imported again', async () => {
    const schema = `shop_${owner.shop.id.replaceAll('-', '')}`;
    const file = fileOf(csvOf(...many()));
    await app.database.query(
      `ALTER TABLE ${schema}.orders ADD CONSTRAINT test_break CHECK (external_number <> '1200')`,
    );
    expect(await codeOf(importFile(owner, file))).toBe('QueryFailedError');
    const [stored] = await app.database.query<{ orders: number; lines: number; last: number; value: number }>(
      `SELECT count(DISTINCT order_id)::int AS orders, count(*)::int AS lines,
         (SELECT max(number)::int FROM ${schema}.orders) AS last, (SELECT value::int FROM ${schema}.counters)
       FROM ${schema}.order_lines`,
    );
    expect(stored).toEqual({ orders: 625, lines: 5000, last: 625, value: 625 });
    await app.database.query(`ALTER TABLE ${schema}.orders DROP CONSTRAINT test_break`);
    expect((await importFile(owner, file)).report).toMatchObject({ lines: 7000, present: 5000 });
    const orders = await app.database.query<{ number: string }>(
      `SELECT external_number AS number FROM ${schema}.orders ORDER BY orders.number`,
    );
    expect(orders.map(({ number }) => number)).toEqual(Array.from({ length: 1500 }, (_, i) => String(i)));
  });

  it('that is imported twenty times at once is stored once, while the shop continues to sell', async () => {
    const product = await newProduct(owner.api, { sku: 'A1', stock: 100 });
    const file = fileOf(csvOf(...many().slice(0, 400)));
    const [reports, sales] = await Promise.all([
      Promise.all(Array.from({ length: 20 }, () => importFile(owner, file))),
      Promise.all(Array.from({ length: 10 }, () => newOrder(owner.api, product.id))),
    ]);
    expect(reports.reduce((sum, { report }) => sum + report.lines, 0)).toBe(400);
    expect(reports.reduce((sum, { report }) => sum + report.products, 0)).toBe(49);
    const numbers = (await all(owner.api, 'orders')).map(({ number }) => number);
    expect(numbers).toEqual(Array.from({ length: 50 + sales.length }, (_, i) => 60 - i));
  });

  it('may be compressed', async () => {
    expect((await importFile(owner, fileOf(gzipSync(csvOf(row()))))).report.lines).toBe(1);
  });

  it('may have its columns in another order', async () => {
    const csv =
      'Country,Price,Invoice,StockCode,Description,Quantity,InvoiceDate,Customer ID\nFrance,1.5,7,A,B,1,2010-05-01T10:00:00,9';
    await importFile(owner, fileOf(csv));
    expect(await all(owner.api, 'orders')).toMatchObject([{ externalNumber: '7', totalMinor: 150 }]);
  });

  it.each([
    ['empty', ''],
    ['without a column', 'Invoice,StockCode\n1,2'],
    ['with another column', `${HEADER},Note\n${row()},x`],
    ['with a quote left open', `${csvOf(row())}\n"1,A`],
    ['not UTF-8', Buffer.concat([Buffer.from(`${csvOf(row())}\n1,`), Buffer.from([0xff, 0xfe])])],
    [
      'packed and cut',
      gzipSync(csvOf(...Array.from({ length: 99 }, (_, i) => row({ invoice: `${i}` })))).subarray(0, -20),
    ],
    ['packed and broken', Buffer.from([0x1f, 0x8b, 1, 2, 3])],
  ])('%s is refused as a whole', async (_what, content) => {
    expect(await codeOf(importFile(owner, fileOf(content)))).toBe('NOT_AN_ORDERS_FILE');
    expect(await all(owner.api, 'orders')).toEqual([]);
  });

  it('whose orders are scattered is refused', async () => {
    const rows = [...Array(2).keys()].flatMap((code) =>
      Array.from({ length: 50_001 }, (_, i) => row({ invoice: `${i}`, code: `A${code}` })),
    );
    expect(await codeOf(importFile(owner, fileOf(csvOf(...rows))))).toBe('NOT_AN_ORDERS_FILE');
    expect(await all(owner.api, 'orders')).toEqual([]);
  });
});

describe('orders:import', () => {
  const run = (...args: string[]) =>
    runCli(['orders:import', ...args], { env: { DATABASE_URL: app.database.url } });

  it('imports a file into the shop named by slug and prints what happened to its rows', async () => {
    const file = fileOf(csvOf(row(), row({ invoice: 'C2', count: '-1' }), row({ invoice: '3', price: '' })));
    const { code, stdout } = await run(file, '--shop', owner.shop.slug, '--mode', 'skip');
    expect(code).toBe(0);
    expect(stdout).toContain('line 4  3  PRICE_INVALID');
    expect(stdout).toContain('1 sales, 1 returns, 0 adjustments, 1 customers and 1 products created');
    expect(stdout).toMatch(/3 rows: 2 stored, 0 of orders stored earlier, 1 left out\n$/);
    expect(await all(owner.api, 'orders')).toHaveLength(2);
  });

  it('names bad rows, stores nothing and exits 1', async () => {
    const { code, stdout, stderr } = await run(
      fileOf(csvOf(row(), row({ price: '' }))),
      '--shop',
      owner.shop.id,
    );
    expect(code).toBe(1);
    expect(stdout).toContain('line 3  1  PRICE_INVALID');
    expect(stderr).toContain('IMPORT_REJECTED');
    expect(await all(owner.api, 'orders')).toEqual([]);
  });

  it.each([
    ['an unknown time zone', ['--timezone', 'Europe/Atlantis'], 'Expected the name of a time zone'],
    ['an offset as a time zone', ['--timezone', '+01:00'], 'Expected the name of a time zone'],
    ['an unknown currency', ['--currency', 'XXY'], 'XXY'],
  ])('refuses %s', async (_what, args, text) => {
    const { code, stderr } = await run(fileOf(csvOf(row())), '--shop', owner.shop.id, ...args);
    expect([code, stderr]).toEqual([1, expect.stringContaining(text)]);
  });

  it('says which file is missing', async () => {
    const { code, stderr } = await run(path.join(folder, 'missing.csv'), '--shop', owner.shop.id);
    expect([code, stderr]).toEqual([1, expect.stringContaining('missing.csv')]);
  });
});

describeWithRealData(
  'the beginning of a real file',
  () => {
    it('is stored line by line, and its money adds up', async () => {
      const text = gunzipSync(
        readFileSync(path.join(REAL_DATA, 'online-retail', 'online_retail_2009_2010.csv.gz')),
      );
      const rows = text.toString().split('\n').slice(0, 20_001).join('\n');
      const expected = readCsv(rows);
      const { report } = await importFile(owner, fileOf(rows), { mode: 'atomic' });
      const of = (column: string) => new Set(expected.map((line) => line[column]!.trim().toUpperCase()));
      expect(report).toMatchObject({ rows: 20_000, lines: 20_000, products: of('StockCode').size });
      expect(report.customers).toBe(of('Customer ID').size - 1); // some rows have none
      expect(Object.values(report.orders).reduce((sum, count) => sum + count)).toBe(of('Invoice').size);
      const schema = `shop_${owner.shop.id.replaceAll('-', '')}`;
      const [money] = await app.database.query<{ minor: number; pieces: number }>(
        `SELECT sum(CASE kind WHEN 'sale' THEN l.total_minor ELSE -l.total_minor END)::float8 AS minor,
           sum(CASE WHEN kind = 'sale' THEN quantity ELSE -quantity END)::float8 AS pieces
         FROM ${schema}.orders o JOIN ${schema}.order_lines l ON l.order_id = o.id`,
      );
      const sum = (valueOf: (quantity: number, price: number) => number) =>
        expected.reduce((total, line) => total + valueOf(Number(line['Quantity']), Number(line['Price'])), 0);
      expect(money).toEqual({
        minor: sum((quantity, price) => Math.round(quantity * price * 100)),
        pieces: sum((quantity) => quantity),
      });
    });
  },
  'online-retail',
);
