import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { TenantSession } from '../../src/tenancy/tenant-session';
import { OrdersImportService } from '../../src/tenant/transfer/orders-import.service';
import { HistoryFile } from '../../src/tenant/transfer/order-history/history-file';
import type { Api } from '../support/api';
import { created, newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { readCsv } from '../support/independent-csv';
import { scratchFolder } from '../support/program';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
const folder = scratchFolder();
const IMPORTED = [
  'Invoice',
  'StockCode',
  'Description',
  'Quantity',
  'InvoiceDate',
  'Price',
  'Customer ID',
  'Country',
];

async function exported(api: Api): Promise<Record<string, string>[]> {
  const { status, body, headers } = await api.get('orders/export');
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(headers.get('content-disposition')).toBe('attachment; filename="orders.csv"');
  return readCsv(body);
}

async function importHistory({ shop }: Owner, rows: string[][]): Promise<void> {
  const file = path.join(folder, `${shop.id}.csv`);
  const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
  writeFileSync(file, [IMPORTED, ...rows].map((cells) => cells.map(quoted).join(',')).join('\n'));
  const service = await app.app.get(TenantSession).resolve(OrdersImportService, shop.id);
  await service.import(await HistoryFile.open(file), { mode: 'atomic', onFault: () => undefined });
}

const importedOf = (rows: Record<string, string>[]) => rows.map((row) => IMPORTED.map((name) => row[name]!));

describe('GET /orders/export', () => {
  it('has a row for each line of each order, oldest first, cancelled ones too', async () => {
    const { api } = await newOwner(app.api, { currency: 'EUR' });
    const lamp = await newProduct(api, { name: 'Lamp', sku: 'LAMP', priceMinor: 1999 });
    const tee = await newProduct(api, {
      ...{ name: 'Tee', sku: undefined, stock: undefined },
      variants: [{ sku: 'TEE-S', optionValues: { Size: 'S', Colour: 'Red' }, stock: 5 }],
    });
    const lines = [
      { productId: lamp.id, quantity: 2 },
      { variantId: tee.variants[0].id, quantity: 1 },
    ];
    const customer = { name: 'Grace', email: 'grace@example.com' };
    const first = created(await api.post('orders', { lines, customer })).body;
    const second = await newOrder(api, lamp.id);
    await api.post(`orders/${first.id}/pay`);
    await api.post(`orders/${second.id}/cancel`);
    const rows = await exported(api);
    const time = first.placedAt.slice(0, 19).replace('T', ' ');
    const common = { Kind: 'sale', Currency: 'EUR', 'Customer ID': '', Country: '' };
    expect(rows).toEqual([
      expect.objectContaining({
        ...common,
        ...{ Invoice: '1', Number: '1', Status: 'paid', InvoiceDate: time },
        ...{
          StockCode: 'LAMP',
          Description: 'Lamp',
          Quantity: '2',
          Price: '19.99',
          Total: '39.98',
          Options: '',
        },
        ...{ 'Customer Name': 'Grace', 'Customer Email': 'grace@example.com' },
      }),
      expect.objectContaining({
        ...common,
        ...{ Invoice: '1', Number: '1', Status: 'paid' },
        ...{ StockCode: 'TEE-S', Quantity: '1', Price: '10.00', Total: '10.00' },
        Options: 'Size: S; Colour: Red',
      }),
      expect.objectContaining({
        ...common,
        ...{ Invoice: '2', Number: '2', Status: 'cancelled', Quantity: '1', Total: '19.99' },
        ...{ 'Customer Name': '', 'Customer Email': '' },
      }),
    ]);
  });

  it('exports past orders with the columns and signs with which they were imported', async () => {
    const owner = await newOwner(app.api, { currency: 'GBP' });
    const rows = [
      [
        '489434',
        '85048',
        'GLASS BALL, 12" LIGHTS',
        '12',
        '2009-12-01 07:45:00',
        '6.95',
        '13085',
        'United Kingdom',
      ],
      ['489434', '79323P', 'PINK\nLIGHTS', '1', '2009-12-01 07:45:00', '0.00', '13085', 'United Kingdom'],
      ['C489449', '22087', 'PAPER BUNTING', '-3', '2009-12-01 10:33:00', '2.95', '', ''],
      ['489464', '21733', 'DAMAGED', '-96', '2009-12-01 10:52:00', '0.00', '', ''],
      ['A506401', 'B', 'Adjust bad debt', '1', '2010-04-29 13:36:00', '-53594.36', '', ''],
    ];
    await importHistory(owner, rows);
    const found = await exported(owner.api);
    expect(importedOf(found)).toEqual(rows);
    expect(found.map(({ Kind }) => Kind)).toEqual(['sale', 'sale', 'return', 'adjustment', 'adjustment']);
    expect(found.map(({ Total }) => Total)).toEqual(['83.40', '0.00', '-8.85', '0.00', '-53594.36']);
    expect(found.map(({ Number }) => Number)).toEqual(['1', '1', '2', '3', '4']);
    const other = await newOwner(app.api, { currency: 'GBP' });
    await importHistory(other, importedOf(found));
    expect(await exported(other.api)).toEqual(found);
  });

  it('keeps the sign of a write-off whose unit price rounds to 0', async () => {
    const owner = await newOwner(app.api, { currency: 'GBP' });
    await importHistory(owner, [['A1', 'B', 'Adjust', '1000', '2010-04-29 13:36:00', '-0.001', '', '']]);
    expect(await exported(owner.api)).toEqual([
      expect.objectContaining({ Quantity: '1000', Price: '0.00', Total: '-1.00' }),
    ]);
  });

  it('puts an apostrophe before texts that a spreadsheet would run, and before no number', async () => {
    const owner = await newOwner(app.api);
    const product = await newProduct(owner.api, { name: '=1+1;-2', sku: '@cmd' });
    const lines = [{ productId: product.id, quantity: 1 }];
    const customer = { name: '+44 20', email: 'grace@example.com' };
    created(await owner.api.post('orders', { lines, customer }));
    await importHistory(owner, [['C1', 'X', '-5 %', '-3', '2009-12-01 10:33:00', '2.95', '', '']]);
    const [sale, back] = await exported(owner.api);
    expect(sale).toMatchObject({ StockCode: "'@cmd", Description: "'=1+1;'-2", 'Customer Name': "'+44 20" });
    expect(back).toMatchObject({ Description: "'-5 %", Quantity: '-3', Total: '-8.85' });
  });

  it('exports more orders than fit on a page', async () => {
    const owner = await newOwner(app.api);
    const rows = Array.from({ length: 250 }, (_, i) => [
      ...[`N${i}`, 'A1', 'LAMP', '1', '2010-05-01 10:00:00', '1.50', '', ''],
    ]);
    await importHistory(owner, rows);
    expect((await exported(owner.api)).map(({ Invoice }) => Invoice)).toEqual(
      rows.map(([invoice]) => invoice),
    );
  });

  it('exports only a header from an empty shop', async () => {
    const { api } = await newOwner(app.api);
    const { body } = await api.get('orders/export');
    expect(body.startsWith(`${IMPORTED.join(',')},`)).toBe(true);
    expect(readCsv(body)).toEqual([]);
  });

  it('shows shop B nothing of shop A', async () => {
    const [a, b] = [await newOwner(app.api), await newOwner(app.api)];
    await newOrder(a.api, (await newProduct(a.api)).id);
    expect(await exported(a.api)).toHaveLength(1);
    expect(await exported(b.api)).toEqual([]);
  });
});
