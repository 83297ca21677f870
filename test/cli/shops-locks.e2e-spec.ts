import { quoteIdent } from '../../src/database/identifiers';
import { rolesOf } from '../../src/database/roles';
import type { LockWait } from '../../src/public/shops/lock-waits.service';
import { TenantDatabase } from '../../src/tenancy/tenant-database';
import { runHere } from '../support/command';
import { newOwner, newProduct, type Owner } from '../support/factories';
import { newOperator, useOperators } from '../support/operators';
import { runCli } from '../support/program';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

const app = useTestApp({
  LOCK_TIMEOUT_MS: '60000',
  STATEMENT_TIMEOUT_MS: '60000',
  IDLE_TIMEOUT_MS: '60000',
});
const operators = useOperators(app);

let owner: Owner;
let productId: string;
beforeAll(async () => {
  owner = await newOwner(app.api);
  productId = (await newProduct(owner.api)).id;
});

const env = () => ({ DATABASE_URL: app.database.url });
const run = (...args: string[]) => runHere(['shops:locks', ...args], env());

/** Runs work while an order waits for a transaction of the same shop. */
async function whileWaiting<T>(work: () => Promise<T>): Promise<T> {
  const holding = app.app
    .get(TenantDatabase, { strict: false })
    .transaction(owner.shop.id, async (manager) => {
      await manager.query('UPDATE counters SET value = value WHERE name = $1', ['orders']);
      const order = owner.api.post('orders', { lines: [{ productId, quantity: 1 }] });
      await until(
        () => app.database.query('SELECT FROM public.lock_waits()'),
        ({ length }) => length > 0,
      );
      return { result: await work(), order };
    });
  const { result, order } = await holding;
  await order;
  return result;
}

const FACTS = () => ({
  shop: owner.shop.slug,
  application: `stoa shop_${owner.shop.id.replaceAll('-', '')}`,
  object: 'counters',
  holderShop: owner.shop.slug,
});

describe('shops:locks', () => {
  it('shows who waits for whom, with the shops and statements without values', async () => {
    const { code, stdout } = await whileWaiting(() => runCli(['shops:locks', '--json'], { env: env() }));
    expect(code).toBe(0);
    const { waits } = JSON.parse(stdout) as { waits: LockWait[] };
    expect(waits).toEqual([
      expect.objectContaining({
        ...FACTS(),
        holderState: 'idle in transaction',
        holderStatement: 'UPDATE counters SET value = value WHERE name = $1',
        statement: expect.stringMatching(/UPDATE product_variants v SET stock/),
      }),
    ]);
    expect(waits[0]!.pid).not.toBe(waits[0]!.holderPid);
    expect(waits[0]!.waitedMs).toBeLessThanOrEqual(waits[0]!.holderMs!);
    expect(stdout).not.toContain(productId);
  });

  it('shows shops and waits without the statements where no superuser has allowed more', async () => {
    const membership = `pg_read_all_stats FROM ${quoteIdent(rolesOf(app.database.name).owner)}`;
    await app.database.query(`REVOKE ${membership}`);
    try {
      const { stdout } = await whileWaiting(() => run('--json'));
      expect((JSON.parse(stdout) as { waits: LockWait[] }).waits).toEqual([
        expect.objectContaining({ ...FACTS(), statement: null, holderState: null, holderStatement: null }),
      ]);
    } finally {
      await app.database.query(`GRANT ${membership.replace('FROM', 'TO')}`);
    }
  });

  it('prints a table with a summary last', async () => {
    const { stdout } = await whileWaiting(() => run());
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^waits +pid +s +for +held by +pid +s +state /);
    expect(lines[1]).toMatch(new RegExp(`^${owner.shop.slug} .* counters .* ${owner.shop.slug} `));
    expect(lines.at(-1)).toMatch(/^1 session\(s\) wait; .*pg_terminate_backend/);
    expect((await run()).stdout).toMatch(/^0 session\(s\) wait; .* after 5 s .*repeat.*\n$/);
  });
});

describe('GET /operator/v1/locks', () => {
  it('gives the same', async () => {
    const viewer = await newOperator(app, operators, 'viewer');
    const { status, body } = await whileWaiting(() => viewer.api.get('locks'));
    expect(status).toBe(200);
    expect(body.items).toEqual([expect.objectContaining(FACTS())]);
  });
});
