import { ReportRefreshService } from '../../src/public/reports/report-refresh.service';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { runHere, runJson } from '../support/command';
import { newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { newOperator, useOperators } from '../support/operators';
import { problemIn } from '../support/problem';
import { runCli } from '../support/program';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
const operators = useOperators(app);
const env = () => ({ DATABASE_URL: app.database.url });
const run = (...args: string[]) => runHere(args, env());
const schemaOf = ({ shop }: Owner) => new TenantLocator().locate(shop.id).schema;

interface Line {
  of: string | null;
  currency: string;
  orders: number;
  revenueMinor: number;
}
interface Shown {
  lines: Line[];
  shops: number;
  products: number;
  unread: number;
  oldestReadAt: string | null;
  failed: { slug: string; readAt: string | null; error: string }[];
}

const refresh = (exitCode = 0, ...args: string[]) =>
  runJson<{ read: number; failed: { slug: string; error: string }[]; left: number }>(
    app,
    ['reports:refresh', ...args],
    exitCode,
  );
const show = (...args: string[]) => runJson<Shown>(app, ['reports:show', ...args]);

/** Adds up the orders of a shop from its rows, one by one. */
async function trueLines(owner: Owner): Promise<Record<string, { orders: number; revenueMinor: number }>> {
  const rows = await app.database.query<Record<string, string>>(
    `SELECT currency, kind, status, total_minor, refunded_minor FROM ${schemaOf(owner)}.orders`,
  );
  const lines: Record<string, { orders: number; revenueMinor: number }> = {};
  for (const { currency, kind, status, total_minor: total, refunded_minor: refunded } of rows) {
    if (status === 'cancelled') continue;
    const line = (lines[currency!] ??= { orders: 0, revenueMinor: 0 });
    if (kind === 'sale') line.orders++;
    line.revenueMinor += kind === 'sale' ? Number(total) - Number(refunded) : -Number(total);
  }
  return lines;
}

let [first, second, quiet] = [] as unknown as [Owner, Owner, Owner];

beforeAll(async () => {
  first = await newOwner(app.api, { slug: 'first' });
  second = await newOwner(app.api, { slug: 'second', currency: 'EUR' });
  quiet = await newOwner(app.api, { slug: 'quiet' });
  for (const [owner, sales] of [
    [first, 3],
    [second, 2],
  ] as const) {
    const { id } = await newProduct(owner.api, { priceMinor: 1250 });
    for (let i = 0; i < sales; i++) await newOrder(owner.api, id);
  }
  const orders = (await first.api.get('orders')).body.items as { id: string }[];
  await first.api.post(`orders/${orders[0]!.id}/cancel`, {}); // the test counts two of three
  await app.database.query(
    `UPDATE ${schemaOf(second)}.orders SET created_at = '2026-01-31T23:30:00-05:00' WHERE number = 1;
     UPDATE ${schemaOf(second)}.orders SET paid_minor = total_minor, refunded_minor = 50 WHERE number = 2`,
  );
  await app.database.query(
    `INSERT INTO ${schemaOf(second)}.orders SELECT (jsonb_populate_record(o, '{"number": 3, "kind": "return",
       "id": "0198c0de-0000-7000-8000-000000000000", "refunded_minor": 0, "paid_minor": 0}')).* FROM ${schemaOf(second)}.orders o WHERE number = 2`,
  );
});

describe('reports', () => {
  it('are empty before the first refresh, and say so', async () => {
    expect(await show()).toMatchObject({ lines: [], shops: 3, unread: 3, oldestReadAt: null });
    expect((await run('reports:show')).stdout).toContain('3 shop(s) were never read');
  });

  it('equal the sum over all shops', async () => {
    const refreshed = await runCli(['reports:refresh', '--json'], { env: env() });
    expect(JSON.parse(refreshed.stdout)).toEqual({ read: 3, failed: [], left: 0 });
    const [usd, eur] = [(await trueLines(first))['USD']!, (await trueLines(second))['EUR']!];
    expect(usd.orders).toBe(2);
    const { lines, ...totals } = await show();
    expect(lines.toSorted((a, b) => a.currency.localeCompare(b.currency))).toEqual([
      { of: null, currency: 'EUR', ...eur },
      { of: null, currency: 'USD', ...usd },
    ]);
    expect(totals).toMatchObject({ shops: 3, products: 2, unread: 0, failed: [] });
    const byShop = await show('--by', 'shop');
    expect(byShop.lines).toEqual(expect.arrayContaining([{ of: 'first', currency: 'USD', ...usd }]));
    expect(byShop.lines).toHaveLength(2);
  });

  it('count a sale on its day in UTC, and can be limited to days', async () => {
    const { lines } = await show('--by', 'day', '--to', '2026-02-28');
    expect(lines).toEqual([{ of: '2026-02-01', currency: 'EUR', orders: 1, revenueMinor: 1250 }]);
    expect((await show('--by', 'month', '--to', '2026-01-31')).lines).toEqual([]);
  });

  it('keep the facts of a shop that cannot be read, and name it', async () => {
    const before = await show('--by', 'shop');
    await newOrder(first.api, (await newProduct(first.api)).id);
    await app.database.query(`ALTER TABLE ${schemaOf(second)}.orders RENAME COLUMN total_minor TO total`);
    const { read, failed } = await refresh(1);
    expect([read, failed.map(({ slug }) => slug)]).toEqual([2, ['second']]);
    const after = await show('--by', 'shop');
    const of = ({ lines }: Shown, slug: string) => lines.filter((line) => line.of === slug);
    expect(of(after, 'second')).toEqual(of(before, 'second'));
    expect(of(after, 'first')[0]!.orders).toBe(of(before, 'first')[0]!.orders + 1);
    expect(after.failed).toMatchObject([{ slug: 'second', error: expect.stringContaining('total_minor') }]);
    expect(after.failed[0]!.readAt).toBe(after.oldestReadAt);
    expect((await run('reports:show')).stdout).toContain('second: facts of');
    await app.database.query(`ALTER TABLE ${schemaOf(second)}.orders RENAME COLUMN total TO total_minor`);
    expect(await refresh()).toMatchObject({ read: 3, failed: [] });
    expect((await show()).failed).toEqual([]);
  });

  it('leave out shops that were read lately, and deleted ones', async () => {
    expect(await refresh(0, '--older-than', '60')).toEqual({ read: 0, failed: [], left: 0 });
    expect((await run('shops:delete', 'quiet')).code).toBe(0);
    expect(await refresh()).toMatchObject({ read: 2 });
    expect(await show()).toMatchObject({ shops: 2 });
    expect((await run('shops:undelete', quiet.shop.slug)).code).toBe(0);
    expect(await show()).toMatchObject({ shops: 3, unread: 0 });
  });

  it('go on with the shops that a stop has left', async () => {
    const service = app.app.get(ReportRefreshService, { strict: false });
    for (let i = 0; i < 10; i++) await newOwner(app.api);
    const stop = new AbortController();
    const stopped = await service.refresh({ signal: stop.signal, onShop: () => stop.abort() });
    expect(stopped.left).toBeGreaterThan(0);
    expect(stopped.read + stopped.left).toBe(13);
    const { unread } = await show();
    expect(unread).toBeGreaterThan(0);
    expect(await service.refresh()).toEqual({ read: 13, failed: [], left: 0 });
    expect(await show()).toMatchObject({ shops: 13, unread: 0 });
  });

  it("are the same over the operators' API", async () => {
    const { api } = await newOperator(app, operators, 'viewer');
    const { status, body } = await api.get('reports?by=shop&from=2026-01-01&limit=1');
    expect(status).toBe(200);
    expect(body).toEqual(await show('--by', 'shop', '--from', '2026-01-01', '--limit', '1'));
    expect(problemIn(await api.get('reports?by=year'))).toBe('400 VALIDATION_FAILED');
  });

  it.each([
    ['--by', 'year'],
    ['--from', 'yesterday'],
    ['--from', '2026-02-30'],
    ['--limit', '0'],
  ])('refuse %s %s', async (option, value) => {
    const { code, stdout, stderr } = await runHere(['reports:show', option, value], env());
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(option);
  });
});
