import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { newOrder, newOwner, newProduct, type Owner } from '../../support/factories';
import { backUp, restore, rowsOf, useBackupFolder } from '../../support/lifecycle';
import { useTestApp } from '../../support/test-app';

interface Entry {
  name: string;
  content: Buffer;
}

interface Header {
  shop: Record<string, unknown>;
  members: Record<string, unknown>[];
  history: Record<string, unknown>[];
  tables: { name: string; columns: string[]; refersTo: string[] }[];
  estimatedBytes: number;
}

describe('a backup file that somebody has altered, with checksums that fit', () => {
  const app = useTestApp();
  const folder = useBackupFolder();
  let owner: Owner;
  let entries: Entry[];
  let count = 0;

  beforeAll(async () => {
    owner = await newOwner(app.api);
    await newOrder(owner.api, (await newProduct(owner.api)).id);
    entries = await unpack(await backUp(app, folder.path, owner.shop.id));
  });

  async function unpack(file: string): Promise<Entry[]> {
    const { extract: newExtract } = await import('tar-stream');
    const extract = newExtract();
    extract.end(gunzipSync(readFileSync(file)));
    const found: Entry[] = [];
    for await (const entry of extract) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      found.push({ name: entry.header.name, content: Buffer.concat(chunks) });
    }
    return found;
  }

  const inTable = (table: string) => (entry: Entry) => entry.name.startsWith(`tables/${table}/`);

  /** Writes the file with another header or other rows, and the sums of those. @returns its path */
  async function altered(
    change: (header: Header) => unknown,
    rows: Record<string, (text: Buffer) => Buffer> = {},
  ): Promise<string> {
    const { pack: newPack } = await import('tar-stream');
    const pack = newPack();
    const header = JSON.parse(String(entries.find(({ name }) => name === 'header.json')!.content)) as Header;
    change(header);
    const parts = entries.map((entry) => {
      const table = Object.keys(rows).find((name) => inTable(name)(entry));
      return table === undefined ? entry : { ...entry, content: rows[table]!(entry.content) };
    });
    const sums = header.tables.map(({ name }) => {
      const content = Buffer.concat(parts.filter(inTable(name)).map((part) => part.content));
      const sha256 = createHash('sha256').update(content).digest('hex');
      return [name, { rows: content.filter((byte) => byte === 10).length, bytes: content.length, sha256 }];
    });
    for (const { name, content } of parts) {
      const own = {
        'header.json': header,
        'manifest.json': { tables: Object.fromEntries(sums) as object, rows: 0, bytes: 0 },
      }[name];
      pack.entry({ name }, own === undefined ? content : JSON.stringify(own));
    }
    pack.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of pack as AsyncIterable<Buffer>) chunks.push(chunk);
    const file = path.join(folder.path, `altered-${++count}.tar.gz`);
    writeFileSync(file, gzipSync(Buffer.concat(chunks)));
    return file;
  }

  const products = ({ tables }: Header) => tables.find(({ name }) => name === 'products')!;
  const headers: [string, (header: Header) => unknown][] = [
    ['a size that is no number of bytes', (header) => (header.estimatedBytes = 1e300)],
    ['a size below 0', (header) => (header.estimatedBytes = -1)],
    ['a name with an escape sequence', ({ shop }) => (shop['name'] = 'a\u001b[2Jb')],
    ['a name of a megabyte', ({ shop }) => (shop['name'] = 'x'.repeat(1_000_000))],
    ['a name with NUL', ({ shop }) => (shop['name'] = 'a\0b')],
    ['no name', ({ shop }) => (shop['name'] = '')],
    ['no currency', ({ shop }) => (shop['currency'] = 'usd; --')],
    ['a member without an address', ({ members }) => (members[0]!['email'] = 'nobody')],
    ['a member twice', ({ members }) => members.push({ ...members[0], id: owner.shop.id })],
    ['no migrations', (header) => (header.history = [])],
    ['migrations in another order', ({ history }) => history.reverse()],
    ['a migration twice', ({ history }) => history.push(history.at(-1)!)],
    ['a table twice', (header) => header.tables.push(products(header))],
    ['SQL as the name of a table', ({ tables }) => tables.push({ ...tables[0]!, name: 'x"; DROP TABLE y' })],
    ['SQL as the name of a column', (header) => (products(header).columns[0] = 'id") FROM STDIN; --')],
    ['the table of versions', ({ tables }) => tables.push({ ...tables[0]!, name: 'schema_migrations' })],
    ['no tables', (header) => (header.tables = [])],
  ];

  it.each(headers)('with %s is refused, and nothing of it stays', async (_what, change) => {
    await expectRefused(await altered(change));
  });

  const line = (text: string) => () => Buffer.from(text);
  const contents: [string, string, (text: Buffer) => Buffer][] = [
    ['an end of the rows before the rows', 'products', (text) => Buffer.concat([line('\\.\n')(), text])],
    ['rows of other columns', 'products', line('a\tb\n')],
    ['rows that are not UTF-8', 'members', (text) => Buffer.concat([text, Buffer.from([0xff, 0x0a])])],
    [
      'rows that need others',
      'order_lines',
      (text) => Buffer.from(String(text).replaceAll(/^[^\t]+/gm, owner.shop.id)),
    ],
  ];

  it.each(contents)('with %s is refused, and nothing of it stays', async (_what, table, change) => {
    await expectRefused(await altered(() => undefined, { [table]: change }));
  });

  async function expectRefused(file: string): Promise<void> {
    const before = await rowsOf(app, owner.shop.id);
    const [shops] = await app.database.query<{ n: number }>('SELECT count(*)::int AS n FROM shops');
    const input = count % 2 === 0 ? { as: `copy-${count}` } : { over: owner.shop.id };
    expect(await restore(app, { file, ...input })).toMatchObject({ state: 'failed', code: 'BACKUP_INVALID' });
    expect(await rowsOf(app, owner.shop.id)).toEqual(before);
    expect(await app.database.query('SELECT count(*)::int AS n FROM shops')).toEqual([shops]);
    expect(await app.database.query('SELECT FROM held_tenants')).toEqual([]);
  }

  it('finds a member whose address is written in capitals', async () => {
    const file = await altered(({ members }) => (members[0]!['email'] = owner.email.toUpperCase()));
    expect(await restore(app, { file, as: 'in-capitals' })).toMatchObject({ state: 'done', invited: [] });
  });

  it('that is no archive at all gets the same code each time', async () => {
    const file = path.join(folder.path, 'text.tar.gz');
    writeFileSync(file, 'root:x:0:0:root:/root:/bin/bash\n'.repeat(50));
    for (let time = 1; time <= 5; time++)
      expect(await restore(app, { file, as: 'text' })).toMatchObject({
        state: 'failed',
        code: 'BACKUP_INVALID',
      });
  });
});
