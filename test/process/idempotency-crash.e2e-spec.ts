import { EventEmitter, once } from 'node:events';
import type { Answer, Api } from '../support/api';
import { createTestDatabase, type TestDatabase, withClient } from '../support/database';
import { newOwner, newProduct, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { type RunningServer, startServer } from '../support/program';
import { size } from '../support/sizes';
import { until, untilTrue } from '../support/until';

const REQUESTS = 50;
const KILLS = size('KEY_KILLS', 3, 15);

let database: TestDatabase;
let survivor: RunningServer;
let victim: RunningServer;
let owner: Owner;
let product: { id: string };

const start = () => startServer({ env: { DATABASE_URL: database.url, LOG_LEVEL: 'fatal' } });

beforeAll(async () => {
  database = await createTestDatabase();
  survivor = await start();
  owner = await newOwner(survivor.api);
  product = await newProduct(owner.api, { stock: 100 });
});
beforeEach(async () => {
  victim = await start();
});
afterEach(() => victim.end('SIGKILL'));
afterAll(async () => {
  await survivor.end('SIGKILL');
  await database.drop();
});

const through = (server: RunningServer): Api => server.api.as(owner.accessToken);
const order = (api: Api, key: string): Promise<Answer> =>
  api.raw('POST', 'orders', JSON.stringify({ lines: [{ productId: product.id, quantity: 1 }] }), {
    'content-type': 'application/json',
    'idempotency-key': key,
  });
const orders = async (): Promise<{ id: string }[]> => (await owner.api.get('orders?limit=100')).body.items;
const stock = async (): Promise<number> => (await owner.api.get(`products/${product.id}`)).body.stock;

/** Sends until the order is there, as a client that loses connections and is told to wait. */
async function untilPlaced(
  apis: readonly Api[],
  key: string,
  onAnswer: () => void = () => undefined,
): Promise<Answer> {
  let attempt = 0;
  const send = async () => {
    const answer = await order(apis[attempt++ % apis.length]!, key).catch(() => undefined); // there are two
    onAnswer();
    return answer;
  };
  const placed = await until(send, (answer) => {
    if (answer === undefined) return false; // its process has died
    if (answer.status !== 201) expect(problemIn(answer)).toBe('409 IDEMPOTENCY_IN_FLIGHT');
    return answer.status === 201;
  });
  return placed!; // `until` has seen it
}

describe('orders with one Idempotency-Key over two processes', () => {
  it.each(Array.from({ length: KILLS }, (_, i) => [1 + i * 4]))(
    'are one order when a process is killed amid fifty requests, with answer %i',
    async (nth) => {
      const before = [(await orders()).length, await stock()] as const;
      const both = [through(victim), through(survivor)];
      await Promise.all(both.map((api) => api.get('products'))); // both know the token
      const answered = new EventEmitter();
      let count = 0;
      const onAnswer = () => answered.emit(String(++count));
      const killed = once(answered, String(nth)).then(() => victim.end('SIGKILL'));
      const requests = Array.from({ length: REQUESTS }, (_, i) =>
        untilPlaced(i % 2 === 0 ? both : both.toReversed(), `kill-${nth}`, onAnswer),
      );
      await killed;
      const answers = await Promise.all(requests);
      expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
      const after = await orders();
      expect([after.length, after[0]?.id, await stock()]).toEqual([
        before[0] + 1,
        answers[0]?.body.id,
        before[1] - 1,
      ]);
    },
  );

  it('are possible again when the process dies with the first in flight', async () => {
    const before = [(await orders()).length, await stock()] as const;
    const schema = `shop_${owner.shop.id.replaceAll('-', '')}`;
    const lost = await withClient(database.url, async (client) => {
      await client.query(`BEGIN; LOCK TABLE ${schema}.counters`); // the order waits for its number
      const first = order(through(victim), 'in-flight').catch(() => 'lost');
      await untilTrue(async () => (await waiting()) > 0);
      expect(problemIn(await order(through(survivor), 'in-flight'))).toBe('409 IDEMPOTENCY_IN_FLIGHT');
      await victim.end('SIGKILL');
      await client.query('ROLLBACK');
      return first;
    });
    expect(lost).toBe('lost');
    const placed = await untilPlaced([through(survivor)], 'in-flight');
    expect(placed.headers.get('idempotency-replayed')).toBeNull();
    expect([(await orders()).length, await stock()]).toEqual([before[0] + 1, before[1] - 1]);
  });

  it('get the answer that was lost on the way', async () => {
    const before = (await orders()).length;
    const placed = await order(through(victim), 'answered');
    await victim.end('SIGKILL');
    const again = await order(through(survivor), 'answered');
    expect([again.status, again.headers.get('idempotency-replayed'), again.body]).toEqual([
      201,
      'true',
      placed.body,
    ]);
    expect(await orders()).toHaveLength(before + 1);
  });
});

/** Sessions of the database that wait for a lock. */
async function waiting(): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return row!.count; // an aggregate has one row
}
