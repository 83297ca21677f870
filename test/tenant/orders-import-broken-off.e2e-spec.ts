import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { quoteIdent } from '../../src/database/identifiers';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { withClient } from '../support/database';
import { newOwner, type Owner } from '../support/factories';
import { finish, type Finished, runCli, scratchFolder, spawnProgram } from '../support/program';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

const ORDERS = 20_000; // several transactions
const HEADER = 'Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country';
const line = (invoice: number, code: string) =>
  `${invoice},${code},LAMP,2,2010-05-01 10:00:00,1.50,13085,France`;

const app = useTestApp();
const file = path.join(scratchFolder(), 'history.csv');
let owner: Owner;
let schema: string;

beforeAll(() => {
  const orders = Array.from({ length: ORDERS }, (_, i) => `${line(i, 'A1')}\n${line(i, 'A2')}`);
  writeFileSync(file, [HEADER, ...orders].join('\n'));
});
beforeEach(async () => {
  owner = await newOwner(app.api);
  schema = quoteIdent(new TenantLocator().locate(owner.shop.id).schema);
});

const args = () => ['orders:import', file, '--shop', owner.shop.id as string];
const env = () => ({ DATABASE_URL: app.database.url });

/** Interrupts the import while it waits for a lock, then releases the lock. */
function interrupted(lock: string): Promise<Finished> {
  return withClient(app.database.url, async (client) => {
    await client.query(`BEGIN; ${lock}`);
    const child = spawnProgram('cli', args(), { env: env() });
    const finished = finish(child);
    await until(
      () =>
        app.database.query(
          `SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
           WHERE NOT granted AND relation IS NOT NULL AND datname = current_database()`, // the server has others
        ),
      ({ length }) => length > 0,
    );
    child.kill('SIGINT');
    await client.query('COMMIT');
    return finished;
  });
}

async function stored(): Promise<{ orders: number; lines: number }> {
  const [count] = await app.database.query<{ orders: number; lines: number }>(
    `SELECT count(DISTINCT o.id)::int AS orders, count(l)::int AS lines
     FROM ${schema}.orders o LEFT JOIN ${schema}.order_lines l ON l.order_id = o.id`,
  );
  return count!; // an aggregate has one row
}

describe('orders:import, interrupted by SIGINT', () => {
  it('reports that nothing is stored when the first pass is interrupted', async () => {
    const { code, stdout, stderr } = await interrupted('LOCK audit_log IN EXCLUSIVE MODE');
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr).toMatch(/^Interrupted before anything was stored\.\n$/m);
    expect(await stored()).toEqual({ orders: 0, lines: 0 });
  });

  it('has stored complete orders, says how to continue, and continues', async () => {
    const { code, stdout, stderr } = await interrupted(`LOCK ${schema}.orders IN EXCLUSIVE MODE`);
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr).toMatch(/^Interrupted: .* complete\. Run the same command again to continue\.\n$/m);
    const { orders, lines } = await stored();
    expect(lines).toBe(2 * orders);
    expect(orders).toBeGreaterThan(0);
    expect(orders).toBeLessThan(ORDERS);

    const again = await runCli(args(), { env: env() });
    expect(again.stdout).toContain(
      `${2 * ORDERS} rows: ${2 * ORDERS - lines} stored, ${lines} of orders stored earlier, 0 left out\n`,
    );
    expect(await stored()).toEqual({ orders: ORDERS, lines: 2 * ORDERS });
  });
});
