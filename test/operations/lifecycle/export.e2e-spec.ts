import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import type { ExportResult } from '../../../src/operations/lifecycle/kinds/export.kind';
import { pruneExports } from '../../../src/operations/lifecycle/prune-exports';
import { readEnv } from '../../../src/config/env';
import { withClient } from '../../support/database';
import { newOrder, newOwner, newProduct, type Owner } from '../../support/factories';
import { operate, useBackupFolder } from '../../support/lifecycle';
import { useTestApp } from '../../support/test-app';
import { unzip } from '../../support/unzip';

type Row = Record<string, unknown>;

const folder = useBackupFolder();

describe('shops:export', () => {
  const app = useTestApp({ BACKUP_TARGET: folder.path });

  const exportOf = ({ shop }: Owner, out: object | null = null, options = {}) =>
    operate(
      app,
      {
        kind: 'export',
        shop: { id: shop.id, slug: shop.slug },
        isExclusive: true,
        input: { shop: shop.id, out },
      },
      options,
    );
  const linesOf = (entries: Map<string, string>, table: string): Row[] =>
    entries
      .get(`${table}.ndjson`)!
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Row);
  const cellsOf = (entries: Map<string, string>, table: string): Row[] =>
    parse(entries.get(`${table}.csv`)!, { columns: true });

  async function exported(owner: Owner): Promise<{ entries: Map<string, string>; result: ExportResult }> {
    const { state, result, error } = await exportOf(owner);
    expect([state, error]).toEqual(['done', null]);
    const { file } = result as ExportResult;
    return { entries: unzip(readFileSync(path.join(folder.path, file))), result: result as ExportResult };
  }

  it('writes every row of the shop as the API has it, and none of another', async () => {
    const owner = await newOwner(app.api);
    const other = await newOwner(app.api);
    await newProduct(other.api, { name: 'Foreign' });
    const product = await newProduct(owner.api, {
      name: 'Tab\tand \\ "quote"; semicolon',
      description: 'line\nbreak é 日本',
      tags: ['a "b"', 'c\\d'],
    });
    const order = await newOrder(owner.api, product.id, 2);
    const { entries, result } = await exported(owner);
    const [row] = linesOf(entries, 'products');
    const shown = (await owner.api.get(`products/${product.id}`)).body;
    for (const field of ['id', 'name', 'description', 'handle', 'tags', 'status', 'createdAt'])
      expect([field, row![field]]).toEqual([field, shown[field]]);
    expect(linesOf(entries, 'product_variants')[0]).toMatchObject({
      priceMinor: shown.variants[0].priceMinor,
      tracksStock: true,
      optionValues: {},
    });
    expect(linesOf(entries, 'orders')).toMatchObject([
      { id: order.id, number: 1, totalMinor: order.totalMinor },
    ]);
    expect(cellsOf(entries, 'products')).toMatchObject([
      { id: product.id, name: row!['name'], description: 'line\nbreak é 日本', tags: 'a "b", c\\d' },
    ]);
    expect(JSON.parse(entries.get('shop.json')!)).toMatchObject({
      slug: owner.shop.slug,
      members: [{ email: owner.email, role: 'owner' }],
    });
    expect([...entries.values()].join('')).not.toContain('Foreign');
    const tables = [...entries.keys()]
      .filter((name) => name.endsWith('.csv'))
      .map((name) => name.slice(0, -4));
    expect(result.tables).toBe(tables.length);
    for (const table of tables) {
      const [csv, json] = [cellsOf(entries, table), linesOf(entries, table)];
      expect([table, csv.length]).toEqual([table, json.length]);
      const [names] = parse(entries.get(`${table}.csv`)!) as string[][];
      for (const name of names!) expect(entries.get('README.txt')).toContain(`  ${name} `);
    }
    expect(tables).not.toContain('idempotency_keys');
  });

  it('puts an apostrophe before formulas in the CSV alone', async () => {
    const owner = await newOwner(app.api);
    await newProduct(owner.api, { name: '=cmd()', tags: ['@x'], description: 'a;+b' });
    const { entries } = await exported(owner);
    expect(cellsOf(entries, 'products')).toMatchObject([
      { name: "'=cmd()", tags: "'@x", description: "a;'+b" },
    ]);
    expect(linesOf(entries, 'products')).toMatchObject([
      { name: '=cmd()', tags: ['@x'], description: 'a;+b' },
    ]);
  });

  it('writes more rows than one slice and one block hold, as of one moment', async () => {
    const owner = await newOwner(app.api);
    const schema = `shop_${owner.shop.id.replaceAll('-', '')}`;
    await app.database.query(
      `INSERT INTO ${schema}.customers (id, name) SELECT gen_random_uuid(), 'Customer ' || n || repeat('x', 1000)
       FROM generate_series(1, 5001) n`,
    );
    const { entries, result } = await exported(owner);
    const [csv, json] = [cellsOf(entries, 'customers'), linesOf(entries, 'customers')];
    expect([csv.length, json.length]).toEqual([5001, 5001]);
    expect(csv.map(({ id }) => id)).toEqual(json.map(({ id }) => id));
    expect(result.rows).toBeGreaterThanOrEqual(5001);
  });

  it('is in the audit log, and keeps nothing when it is cancelled', async () => {
    const owner = await newOwner(app.api);
    await exported(owner);
    const { items } = (await owner.api.get('audit?action=shop.exported')).body;
    expect(items).toMatchObject([{ actorId: null, details: { by: 'command' } }]);
    const files = readdirSync(folder.path);
    const stop = new AbortController();
    const { state } = await exportOf(owner, null, {
      signal: stop.signal,
      onStop: 'cancel',
      onProgress: () => stop.abort(),
    });
    expect(state).toBe('cancelled');
    expect(readdirSync(folder.path)).toEqual(files);
  });

  it('replaces no file at a place that was named, and says where it is', async () => {
    const owner = await newOwner(app.api);
    const out = { target: folder.path, file: `${randomUUID()}.zip` };
    expect(await exportOf(owner, out)).toMatchObject({ state: 'done', result: { ...out, expiresAt: null } });
    writeFileSync(path.join(folder.path, out.file), 'mine');
    const again = await exportOf(owner, out);
    expect(again).toMatchObject({ state: 'failed' });
    expect(again.error!.code).toBe('BACKUP_FILE_EXISTS');
    expect(readFileSync(path.join(folder.path, out.file), 'utf8')).toBe('mine');
  });

  it('is removed by pruneExports once it has expired, unless its place was named', async () => {
    const owner = await newOwner(app.api);
    const out = { target: folder.path, file: `${randomUUID()}.zip` };
    const old = await exported(owner);
    const { id: named } = await exportOf(owner, out);
    const fresh = await exported(owner);
    await app.database.query(
      `UPDATE operations SET result = result || '{"expiresAt": "2020-01-01T00:00:00Z"}' WHERE result ->> 'file' = $1`,
      [old.result.file],
    );
    const prune = () => withClient(app.database.url, (client) => pruneExports(client, readEnv({})));
    expect(await prune()).toBe(1);
    expect(await prune()).toBe(0);
    const isThere = (file: string) => existsSync(path.join(folder.path, file));
    expect([old.result.file, fresh.result.file, out.file].map(isThere)).toEqual([false, true, true]);
    const rows = await app.database.query<{ file: string }>(
      `SELECT result ->> 'file' AS file FROM operations WHERE id = $1`,
      [named],
    );
    expect(rows).toEqual([{ file: out.file }]);
  });
});
