import path from 'node:path';
import { runCli, scratchFolder } from '../support/program';
import { describeWithRealData, REAL_DATA } from '../support/real-data';
import { useTestApp } from '../support/test-app';
import { writeFileSync } from 'node:fs';

const app = useTestApp();
const demo = (...args: string[]) => runCli(['demo', ...args], { env: { DATABASE_URL: app.database.url } });

/** Figures that the demo prints, by what stands in front of them. */
function expectStory(stdout: string, loaded: string[], counted = 2): void {
  expect(stdout.match(/loaded {4}.*/g)).toEqual(loaded.map((text) => `loaded    ${text}`));
  expect(stdout.match(/order 2 for .*: paid, fulfilled/g)).toHaveLength(2);
  expect(stdout.match(/order 1 for .*: cancelled, stock given back/g)).toHaveLength(2);
  expect(stdout.match(/more than there is: 409/g)).toHaveLength(counted);
  const looks = [
    ...stdout.matchAll(/asked for (\d+) rows of the other shop: (\d+) × 404, 0 seen; rows in both lists: 0/g),
  ];
  expect(looks).toHaveLength(2);
  for (const [, asked, refused] of looks) expect(refused).toBe(asked);
}

describe('demo', () => {
  it('tells the story with the examples against a running server', async () => {
    const { code, stdout } = await demo('--url', app.url);
    expect(code).toBe(0);
    expectStory(stdout, [
      '35 rows: 14 products, 33 variants, 772 pieces in stock',
      '41 rows: 16 products, 38 variants, 3041 pieces in stock',
    ]);
    expect(stdout).toContain('stock     772 → 771 pieces');
  });

  it('starts a server of its own when no address is given, and ends it', async () => {
    const { code, stdout } = await demo();
    expect(code).toBe(0);
    expect(stdout).toContain('Looking across');
    expect(stdout).toMatch(/\{"email":"owner-[0-9a-f]{8}@example\.com","password":".+"\}/);
  });

  it.each([
    [['--url', 'http://127.0.0.1:1'], 'No server answers at http://127.0.0.1:1'],
    [['--file', 'examples/tea-house.csv'], 'Give --file twice'],
    [['--file', 'missing.csv', '--file', 'missing.csv', '--url', 'app'], 'missing.csv'],
  ])('says what is wrong with %j', async (args, message) => {
    const { code, stderr } = await demo(...args.map((arg) => (arg === 'app' ? app.url : arg)));
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
  });

  it.each([
    ['is missing', undefined],
    ['is no catalogue', 'Name,Amount\nTea,4\n'],
  ])('leaves no shop behind if the second file %s', async (_, content) => {
    const bad = path.join(scratchFolder(), 'bad.csv');
    if (content !== undefined) writeFileSync(bad, content);
    const shops = () => app.database.query<{ count: string }>('SELECT count(*) FROM public.shops');
    const before = await shops();
    const { code, stderr } = await demo('--url', app.url, '--file', 'examples/tea-house.csv', '--file', bad);
    expect([code, stderr]).toEqual([1, expect.stringContaining(bad)]);
    expect(await shops()).toEqual(before);
  });

  it('shows what the server says about a file that it refuses', async () => {
    const bad = path.join(scratchFolder(), 'bad.csv');
    writeFileSync(bad, 'Handle,Title,Variant Price\na,A,x\n');
    const { code, stderr } = await demo('--url', app.url, '--file', bad, '--file', bad);
    expect([code, stderr]).toEqual([1, expect.stringContaining('PRICE_INVALID')]);
  });
});

describeWithRealData('demo with real catalogues', () => {
  it('has their numbers right', async () => {
    const files = ['apparel.csv', 'home-and-garden.csv'].flatMap((file) => [
      '--file',
      path.join(REAL_DATA, 'shopify', file),
    ]);
    const { code, stdout } = await demo('--url', app.url, ...files);
    expect(code).toBe(0);
    const loaded = [
      '22 rows: 20 products, 22 variants, 0 pieces in stock', // it counts the stock of nothing
      '21 rows: 20 products, 21 variants, 8 pieces in stock',
    ];
    expectStory(stdout, loaded, 1);
    expect(stdout).toContain('$9.99 – $15.99, 2 variants');
  });
});
