import type { TableData, TenantData } from './tenant-data';
import { without } from './without';

const TABLES: Record<string, string[]> = {
  changes: [],
  counters: [],
  customers: [],
  idempotency_keys: [],
  members: [],
  orders: ['customers', 'members'],
  order_events: ['orders'],
  products: [],
  product_variants: ['products'],
  order_lines: ['orders', 'product_variants'],
  stock_changes: ['product_variants'],
};

function dataOf(tables: Record<string, string[]>): TenantData {
  const shapes = Object.entries(tables).map(([name, refersTo]) => ({ name, refersTo, columns: ['id'] }));
  async function* read(): AsyncGenerator<TableData> {
    for (const shape of shapes) yield { ...shape, rows: blocks() };
  }
  async function* blocks(): AsyncGenerator<Buffer> {
    yield Buffer.from('1\n');
  }
  return { header: { tables: shapes } as unknown as TenantData['header'], tables: read() };
}

async function keptOf(data: TenantData): Promise<string[]> {
  const kept: string[] = [];
  for await (const { name, rows } of data.tables) for await (const _ of rows) kept.push(name);
  return kept;
}

describe('without', () => {
  it('leaves out stored answers', async () => {
    const { idempotency_keys: _, ...rest } = TABLES;
    expect(await keptOf(without(dataOf(TABLES), []))).toEqual(Object.keys(rest));
  });

  it('leaves out what belongs to orders, and the history', async () => {
    const kept = ['counters', 'customers', 'members', 'products', 'product_variants', 'stock_changes'];
    expect(await keptOf(without(dataOf(TABLES), ['orders']))).toEqual(kept);
  });

  it('leaves out what refers to a table', async () => {
    const kept = ['counters', 'members', 'products', 'product_variants', 'stock_changes'];
    expect(await keptOf(without(dataOf(TABLES), ['customers']))).toEqual(kept);
  });

  it('leaves out orders whose lines go with the products', async () => {
    expect(await keptOf(without(dataOf(TABLES), ['products']))).toEqual(['counters', 'customers', 'members']);
  });

  it('refuses tables that a shop needs, and unknown ones', () => {
    for (const name of ['members', 'counters', 'order_lines', 'nothing'])
      expect(() => without(dataOf(TABLES), [name])).toThrow(`${name} cannot be left out`);
  });
});
