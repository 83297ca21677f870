import { Readable } from 'node:stream';
import { TenantSession } from '../../src/tenancy/tenant-session';
import { ProductsImportService } from '../../src/tenant/transfer/products-import.service';
import type { Answer, Api } from '../support/api';
import { withClient } from '../support/database';
import { newOwner, type Owner } from '../support/factories';
import { BLANK_ROWS } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

const app = useTestApp({ IDLE_TIMEOUT_MS: '1000', LOCK_TIMEOUT_MS: '300' });
let owner: Owner;
let api: Api;

beforeEach(async () => {
  owner = await newOwner(app.api);
  ({ api } = owner);
});

const send = (to: Api, csv: string): Promise<Answer> =>
  to.raw('POST', 'products/import', csv as never, { 'content-type': 'text/csv' });

const schemaOf = ({ shop }: Owner) => `shop_${(shop.id as string).replaceAll('-', '')}`;

/** Does work while another connection holds rows of a shop. */
function whileLocked<T>(rows: string, work: (release: () => Promise<unknown>) => Promise<T>): Promise<T> {
  return withClient(app.database.url, async (client) => {
    await client.query(`BEGIN; SELECT FROM ${rows} FOR UPDATE`);
    return work(() => client.query('COMMIT'));
  });
}

/** When the transactions began that wait for a lock. */
async function waiting(): Promise<string[]> {
  const rows = await app.database.query<{ begun: string }>(
    `SELECT DISTINCT a.pid || ' ' || a.xact_start AS begun FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE NOT l.granted AND a.datname = current_database()`,
  );
  return rows.map(({ begun }) => begun);
}

describe('an import whose transaction may idle for a second', () => {
  it('passes over many rows without a value', async () => {
    const csv = `Handle,Title,Variant Price\nmug,Mug,5\n${',,\n'.repeat(BLANK_ROWS)}cup,Cup,6\n`;
    expect(await send(api, csv)).toMatchObject({ status: 200, body: { products: { created: 2 } } });
  });

  it('puts many rows aside whose product stands elsewhere', async () => {
    const products = Array.from({ length: 4000 }, (_, i) => `p${i},P ${i},${i},https://e.com/${i}.jpg`);
    const images = Array.from({ length: 40_000 }, (_, i) => `p${i % 4000},,,https://e.com/${i}-2.jpg`);
    const csv = ['Handle,Title,Variant Price,Image Src', ...products, ...images].join('\n');
    expect(await send(api, csv)).toMatchObject({ status: 200, body: { rows: 44_000, errors: [] } });
  });
});

describe('a batch of an import', () => {
  const usual = useTestApp();

  it('has no more of a file than what is stored in a moment', async () => {
    const text = 'x'.repeat(60_000);
    const header = 'Handle,Title,Variant Price,Attribute: A,Attribute: B,Attribute: C,Attribute: D';
    const rows = Array.from({ length: 12 }, (_, i) => `p${i},P,1,${text},${text},${text},${text}`);
    const { shop } = await newOwner(usual.api);
    const service = await usual.app.get(TenantSession).resolve(ProductsImportService, shop.id);
    const stored: number[] = [];
    await service.import(
      { open: () => Readable.from([Buffer.from([header, ...rows].join('\n'))]) },
      { mode: 'atomic', onProgress: (count) => stored.push(count) },
    );
    expect(stored).toEqual([4, 8, 12]);
  });
});

describe('imports of one shop that wait', () => {
  it('keep no other shop waiting', async () => {
    const other = await newOwner(app.api);
    const csv = 'Handle,Title,Variant Price\nmug,Mug,5\n';
    await send(api, csv);
    await whileLocked(`${schemaOf(owner)}.counters WHERE name = 'imports'`, async (release) => {
      const all = Promise.all([1, 2, 3].map(() => send(api, csv)));
      await until(waiting, ({ length }) => length > 0);
      expect((await send(other.api, csv)).status).toBe(200);
      const wait = await until(waiting, ({ length }) => length > 0); // none for a moment, when it is begun anew
      expect(wait).toHaveLength(1);
      await release();
      expect((await all).map(({ status }) => status)).toEqual([200, 200, 200]);
    });
  });
});

describe('undoing an import', () => {
  it('is tried again when it waited too long for a lock', async () => {
    const { body } = await send(api, 'Handle,Title,Variant Price\nmug,Mug,5\n');
    await whileLocked(`${schemaOf(owner)}.products`, async (release) => {
      const undone = api.post(`imports/${body.importId}/undo`);
      const attempts = new Set<string>();
      await until(
        async () => (await waiting()).forEach((one) => attempts.add(one)),
        () => attempts.size > 1,
      );
      await release();
      expect((await undone).status).toBe(200);
    });
  });
});
