import { Client } from 'pg';
import { AccessDirectory } from '../../src/tenancy/access-directory';
import { TenantDatabase } from '../../src/tenancy/tenant-database';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import type { Answer } from '../support/api';
import { newOwner, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { headOf, RawClient } from '../support/raw-client';
import { CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { until, untilTrue } from '../support/until';

const PATIENT = '60000';
const app = useTestApp(
  { POOL_WAIT_MS: PATIENT, LOCK_TIMEOUT_MS: PATIENT, STATEMENT_TIMEOUT_MS: PATIENT },
  { times: CACHE_TIMES },
);

const waiting = () => app.app.get(TenantDatabase, { strict: false }).load().waiting;
const list = ({ api }: Owner) => api.get('products');
const listOften = (owner: Owner, times: number) =>
  Promise.all(Array.from({ length: times }, () => list(owner)));
const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status);

async function ownerWith(limits: object, plan = 'standard'): Promise<Owner> {
  const owner = await newOwner(app.api);
  await app.database.query('UPDATE shops SET limits = $2, plan = $3 WHERE id = $1', [
    owner.shop.id,
    JSON.stringify(limits),
    plan,
  ]);
  return owner;
}

/** Statements that wait for a lock. */
async function blocked(): Promise<number> {
  const [found] = await app.database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return found!.count;
}

/** Locks the products of shops while `work` lasts. */
async function whileLocked<T>(owners: readonly Owner[], work: () => Promise<T>): Promise<T> {
  const client = new Client(app.database.url);
  await client.connect();
  try {
    const tables = owners.map(({ shop }) => `${new TenantLocator().locate(shop.id).schema}.products`);
    await client.query(`BEGIN; LOCK TABLE ${tables.join(', ')}`);
    return await work();
  } finally {
    await client.end();
  }
}

describe('a shop whose requests hang', () => {
  it('leaves connections to others, keeps its queue and is refused what exceeds that', async () => {
    const [hanging, other] = [await ownerWith({}), await ownerWith({})];
    const refused: Answer[] = [];
    const asked = await whileLocked([hanging], async () => {
      const all = Array.from({ length: 60 }, async () => {
        const answer = await list(hanging);
        if (answer.status !== 200) refused.push(answer);
        return answer;
      });
      await untilTrue(() => refused.length === 8); // two are at work, fifty wait
      expect(waiting()).toBe(50);
      expect(statuses(await listOften(other, 20))).toEqual(Array.from({ length: 20 }, () => 200));
      expect([waiting(), refused.length]).toEqual([50, 8]);
      return all;
    });
    const answers = await Promise.all(asked);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(52);
    for (const answer of refused) {
      expect(problemIn(answer)).toBe('429 TOO_MANY_REQUESTS');
      expect(answer.headers.get('retry-after')).toBe('1');
    }
  });

  it('hears of a lock after the time of its plan, while others are served', async () => {
    const [hanging, other] = [await ownerWith({ lockMs: 300 }), await ownerWith({})];
    await whileLocked([hanging], async () => {
      const [answers, others] = await Promise.all([listOften(hanging, 8), listOften(other, 20)]);
      expect(new Set(answers.map(problemIn))).toEqual(new Set(['503 OVERLOADED']));
      expect(new Set(statuses(others))).toEqual(new Set([200]));
    });
    expect((await list(hanging)).status).toBe(200);
  });
});

describe('clients that hang up', () => {
  it('free their places in the queue of their shop at once, and nothing is done for them', async () => {
    const owner = await ownerWith({});
    const { meter } = app.app.get(TenantDatabase, { strict: false });
    const { length } = (await list(owner)).body.items;
    const [begun, ...waiters] = await Promise.all(
      Array.from({ length: 51 }, () => RawClient.connect(app.url)),
    );
    const post = (client: RawClient, path: string, body: object) => {
      const json = JSON.stringify(body);
      const headers = {
        ...{ authorization: `Bearer ${owner.accessToken}`, 'content-type': 'application/json' },
        'content-length': json.length,
      };
      client.send(headOf(`POST /api/v1/${path}`, headers) + json);
    };
    const before = meter.abandoned;
    const served = await whileLocked([owner], async () => {
      post(begun!, 'products', { name: 'Begun', sku: 'begun', priceMinor: 1, stock: 1 });
      const asked = [list(owner)];
      await untilTrue(async () => (await blocked()) === 2);
      for (const client of waiters) post(client, 'customers', { name: 'Nobody' });
      await untilTrue(() => waiting() === 50);
      expect(problemIn(await list(owner))).toBe('429 TOO_MANY_REQUESTS');
      for (const client of [begun!, ...waiters]) client.end();
      await untilTrue(() => waiting() === 0);
      expect(meter.abandoned - before).toBe(50);
      asked.push(owner.api.post('customers', { name: 'Somebody' }));
      await untilTrue(() => waiting() === 1);
      return asked;
    });
    expect(statuses(await Promise.all(served))).toEqual([200, 201]);
    const { items } = (await owner.api.get('customers')).body;
    expect(items).toMatchObject([{ name: 'Somebody' }]);
    // Work that had begun is done; nobody waits for its answer.
    await until(
      async () => (await list(owner)).body.items.length,
      (products) => products === length + 1,
    );
  });
});

describe('a client that ignores that its shop is full', () => {
  it('gets refusals without Nest, at other routes its answers, and is served as soon as there is room', async () => {
    const [hanging, other] = [
      await ownerWith({ transactionsAtOnce: 1, transactionsWaiting: 1 }),
      await ownerWith({}),
    ];
    const enter = jest.spyOn(app.app.get(AccessDirectory, { strict: false }), 'enter');
    const asked = await whileLocked([hanging], async () => {
      const served = [list(hanging), list(hanging)];
      await untilTrue(() => waiting() === 1);
      expect(problemIn(await list(hanging))).toBe('429 TOO_MANY_REQUESTS');
      enter.mockClear();
      const refused = await listOften(hanging, 20);
      expect(new Set(refused.map(problemIn))).toEqual(new Set(['429 TOO_MANY_REQUESTS']));
      expect(refused[0]!.headers.get('retry-after')).toBe('1');
      expect(enter.mock.calls.length).toBeLessThanOrEqual(1); // one a second is authenticated in full
      expect((await hanging.api.get('shops')).status).toBe(200);
      expect((await hanging.api.as('none').get('products')).status).toBe(401);
      expect((await list(other)).status).toBe(200);
      return served;
    });
    expect(statuses(await Promise.all(asked))).toEqual([200, 200]);
    expect((await list(hanging)).status).toBe(200);
  });

  it('is refused without Nest with another token too, and in another form of the header', async () => {
    const owner = await ownerWith({ requestsPerMinute: 5, requestBurst: 5 });
    const { refreshToken } = owner;
    const next = (await owner.api.post('auth/refresh', { refreshToken })).body.accessToken as string;
    expect(next).not.toBe(owner.accessToken);
    expect((await owner.api.as(next).get('products')).status).toBe(200);
    await listOften(owner, 4);
    const enter = jest.spyOn(app.app.get(AccessDirectory, { strict: false }), 'enter');
    expect(problemIn(await list(owner))).toBe('429 RATE_LIMITED');
    enter.mockClear();
    const refused = await Promise.all(
      [1, 2, 3, 4].flatMap((spaces) =>
        [owner.accessToken, next].map((token) => {
          const authorization = `Bearer${' '.repeat(spaces)}${token}`;
          return app.api.raw('GET', 'products', undefined, { authorization });
        }),
      ),
    );
    expect(new Set(refused.map(problemIn))).toEqual(new Set(['429 RATE_LIMITED']));
    expect(enter.mock.calls.length).toBeLessThanOrEqual(1); // one a second is authenticated in full
  });

  it('is refused without Nest by the limit of requests too, with its headers', async () => {
    const owner = await ownerWith({ requestsPerMinute: 5, requestBurst: 5 });
    await listOften(owner, 5);
    const enter = jest.spyOn(app.app.get(AccessDirectory, { strict: false }), 'enter');
    expect(problemIn(await list(owner))).toBe('429 RATE_LIMITED');
    enter.mockClear();
    const refused = await list(owner);
    expect(problemIn(refused)).toBe('429 RATE_LIMITED');
    expect(refused.headers.get('ratelimit')).toMatch(/^"shop";r=0;t=\d+$/);
    expect(refused.headers.get('ratelimit-policy')).toBe('"shop";q=5;w=60');
    expect(enter).not.toHaveBeenCalled();
  });
});

describe('a statement that takes longer than its plan allows', () => {
  it('is stopped with an error of its own, and goes on in a shop of another plan', async () => {
    const [hasty, enterprise] = [await ownerWith({ statementMs: 300 }), await ownerWith({}, 'enterprise')];
    const [served] = await whileLocked([hasty, enterprise], async () => {
      const answer = list(enterprise);
      const stopped = await list(hasty);
      expect(problemIn(stopped)).toBe('503 STATEMENT_TIMEOUT');
      expect(stopped.headers.get('retry-after')).toBe('2');
      return [answer]; // it waits until the lock is gone
    });
    expect((await served!).status).toBe(200);
  });
});
