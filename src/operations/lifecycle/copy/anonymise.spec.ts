import fc from 'fast-check';
import { OperatorError } from '../../../common/report';
import type { Fate } from '../../../tenancy/described.decorator';
import { anonymised } from './anonymise';
import { type CopyValue, formatRows, parseRows } from './copy-rows';
import type { TableData, TenantData } from './tenant-data';

const ANN = { id: 'a', email: 'ann@real.example', name: 'Ann Real', role: 'owner' as const };
const BOB = { id: 'b', email: 'bob@real.example', name: 'Bob Real', role: 'staff' as const };

type Rows = Record<string, CopyValue[][]>;
const FATES: Record<string, Record<string, Fate>> = {
  members: { user_id: 'member', name: 'name', role: 'kept' },
  customers: { id: 'kept', external_number: 'code', name: 'name', email: 'email', country: 'kept' },
  orders: {
    ...{ id: 'kept', customer_name: 'name', customer_email: 'email', note: 'null' },
    ...{ customer_details: 'empty', tags: 'empty', attributes: 'empty' },
  },
  products: { id: 'kept', name: 'kept' },
};
const DESCRIBED = new Map(
  Object.entries(FATES).map(([table, fates]) => {
    const columns = Object.entries(fates).map(
      ([name, fate]) => [name, { about: '', type: '', fate }] as const,
    );
    return [table, { about: '', columns: new Map(columns) }];
  }),
);
const columnsOf = (table: string) => Object.keys(FATES[table] ?? { id: 'kept' });

async function anonymise(
  rows: Rows,
  secret = 'secret',
  columns = columnsOf,
): Promise<{ rows: Rows; members: unknown[] }> {
  async function* tables(): AsyncGenerator<TableData> {
    for (const [name, list] of Object.entries(rows))
      yield { name, columns: columns(name), refersTo: [], rows: block(formatRows(list)) };
  }
  async function* block(text: string): AsyncGenerator<Buffer> {
    yield Buffer.from(text);
  }
  const data = {
    header: {
      ...{ shop: {}, members: [ANN, BOB] },
      tables: Object.keys(rows).map((name) => ({ name, columns: columns(name) })),
    },
    tables: tables(),
  } as unknown as TenantData;
  const done = await anonymised(data, DESCRIBED, secret);
  const found: Rows = {};
  for await (const table of done.tables) {
    const blocks: Buffer[] = [];
    for await (const one of table.rows) blocks.push(one);
    found[table.name] = parseRows(Buffer.concat(blocks).toString());
  }
  return { rows: found, members: done.header.members };
}

const customer = (name: CopyValue, email: CopyValue): CopyValue[] => ['1', 'K-77', name, email, 'France'];
const order = (name: CopyValue, email: CopyValue): CopyValue[] => [
  '1',
  name,
  email,
  'ring twice',
  '{"Phone": "123"}',
  '{VIP,"tall man"}',
  '{"Gift": "for Eve"}',
];

describe('anonymised', () => {
  it('makes one invented person of one person, in every table and copy', async () => {
    const { rows } = await anonymise({
      customers: [customer('Eve Real', 'eve@real.example')],
      orders: [order('E. Real', 'Eve@Real.example')],
    });
    const [, code, name, email, country] = rows['customers']![0]!;
    expect(rows['orders']![0]).toEqual(['1', name, email, null, '{}', '{}', '{}']);
    expect(email).toMatch(/^[a-z.]+\.[0-9a-f]{16}@example\.invalid$/);
    expect([name, code, country]).toEqual([
      expect.stringMatching(/^\w.+ \w/),
      expect.stringMatching(/^[0-9a-f]{16}$/),
      'France',
    ]);
    const again = await anonymise({ customers: [customer('Somebody', 'eve@real.example')] });
    expect(again.rows['customers']![0]!.slice(2, 4)).toEqual([name, email]);
  });

  it('knows a person without an address by the name', async () => {
    const { rows } = await anonymise({
      customers: [customer('Walk In', null), customer(null, null)],
      orders: [order(' walk  in', null)],
    });
    expect(rows['customers']![0]![2]).toBe(rows['orders']![0]![1]);
    expect(rows['customers']!.map((row) => row[3])).toEqual([null, null]);
    expect(rows['customers']![1]![2]).toBeNull();
  });

  it('gives a member the name of the customer with the same address, and keeps the owners as members', async () => {
    const { rows, members } = await anonymise({
      members: [['b', 'Bob Real', 'staff']],
      customers: [customer('Bobby', BOB.email)],
    });
    expect(rows['members']).toEqual([['b', rows['customers']![0]![2], 'staff']]);
    expect(members).toEqual([ANN]);
  });

  it('invents others with another secret', async () => {
    const of = async (secret: string) =>
      (await anonymise({ customers: [customer('Eve', 'eve@real.example')] }, secret)).rows['customers'];
    expect(await of('one')).not.toEqual(await of('two'));
  });

  it('leaves tables without personal columns as they are', async () => {
    const rows = { products: [['1', 'Tab\tand \\N']] };
    expect((await anonymise(rows)).rows).toEqual(rows);
  });

  it('refuses a table or a column that no entity describes', async () => {
    await expect(anonymise({ suppliers: [] })).rejects.toThrow(
      'no entity of this program describes suppliers.id',
    );
    const columns = (table: string) => [...columnsOf(table), 'vendor'];
    const done = anonymise({ products: [] }, 'secret', columns);
    await expect(done).rejects.toThrow('no entity of this program describes products.vendor');
    await expect(done).rejects.toBeInstanceOf(OperatorError);
  });

  it('leaves the table of stored answers to those who empty it', async () => {
    expect((await anonymise({ idempotency_keys: [] })).rows).toEqual({ idempotency_keys: [] });
  });

  it('lets no text of a personal column through, and keeps addresses apart', async () => {
    const text = fc.option(
      fc.string({ unit: 'grapheme', minLength: 3 }).map((word) => `#${word}`),
      { nil: null },
    );
    const given = fc.uniqueArray(fc.tuple(text, text), {
      selector: ([, email]) => email?.toLowerCase(),
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(given, async (people) => {
        const { rows } = await anonymise({ customers: people.map(([name, email]) => customer(name, email)) });
        const emails = rows['customers']!.map((row) => row[3]).filter((email) => email !== null);
        expect(new Set(emails).size).toBe(emails.length);
        expect(JSON.stringify(rows)).not.toContain('#');
        expect(rows['customers']!.map((row) => row.map((value) => value === null))).toEqual(
          people.map(([name, email]) => customer(name, email).map((value) => value === null)),
        );
      }),
      { numRuns: 50 },
    );
  });
});
