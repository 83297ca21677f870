import { randomUUID } from 'node:crypto';
import { type DynamicModule, Module, Param, Post } from '@nestjs/common';
import { AppModule } from '../../src/app/app.module';
import type { Base } from '../../src/database/database.module';
import { Route } from '../../src/http/route';
import { TenantConnection } from '../../src/tenancy/tenant-connection';
import { TenantController } from '../../src/tenancy/tenant-controller.decorator';
import type { Answer, Api } from '../support/api';
import { withClient } from '../support/database';
import { newMember, newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { blamedIn, problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';
import { untilTrue } from '../support/until';

const ADD = `UPDATE counters SET value = value + 1 WHERE name = 'orders' RETURNING value`;

/** Mistakes that a route can make, and one that takes no key. */
@TenantController('mistakes')
class MistakesController {
  constructor(private readonly tenant: TenantConnection) {}

  @Post('large/:size')
  large(@Param('size') size: string): Promise<object> {
    return this.tenant.transaction(async (manager) => {
      await manager.query(ADD);
      return { text: 'x'.repeat(Number(size)) };
    });
  }

  @Post('twice')
  async twice(): Promise<object> {
    await this.tenant.transaction((manager) => manager.query(ADD));
    return this.tenant.transaction((manager) => manager.query(ADD));
  }

  @Post('other-answer')
  async otherAnswer(): Promise<object> {
    return { ...(await this.tenant.transaction((manager) => manager.query<object>(ADD))) };
  }

  @Post('nothing')
  async nothing(): Promise<void> {
    await this.tenant.transaction(async (manager) => void (await manager.query(ADD)));
  }

  @Post('no-key')
  @Route({ summary: 'Takes no key', takesKey: false })
  noKey(): object {
    return {};
  }
}

@Module({ controllers: [MistakesController] })
class MistakenModule {
  static forRoot(base: Base): DynamicModule {
    return { module: MistakenModule, imports: [AppModule.forRoot(base)] };
  }
}

const app = useTestApp({}, { root: (base) => MistakenModule.forRoot(base) });
let owner: Owner;
let product: { id: string };

beforeEach(async () => {
  owner = await newOwner(app.api);
  product = await newProduct(owner.api, { stock: 10 });
});

function post(path: string, body: object | undefined, key: string, api: Api = owner.api): Promise<Answer> {
  const headers = { 'idempotency-key': key };
  if (body === undefined) return api.raw('POST', path, undefined, headers);
  return api.raw('POST', path, JSON.stringify(body), { ...headers, 'content-type': 'application/json' });
}

const orderOf = (quantity = 1) => ({ lines: [{ productId: product.id, quantity }] });
const order = (key: string, quantity = 1, api?: Api) => post('orders', orderOf(quantity), key, api);
const isReplay = ({ headers }: Answer) => headers.get('idempotency-replayed') === 'true';
const schema = () => `shop_${owner.shop.id.replaceAll('-', '')}`;
const orders = async (): Promise<number> => (await owner.api.get('orders')).body.items.length;
const stock = async (): Promise<number> => (await owner.api.get(`products/${product.id}`)).body.stock;
const counter = async (): Promise<number> => {
  const [row] = await app.database.query<{ value: string }>(
    `SELECT value FROM ${schema()}.counters WHERE name = 'orders'`,
  );
  return Number(row!.value); // each shop has the row
};

describe('a repeated POST with one Idempotency-Key', () => {
  it('gets the first answer and does nothing again', async () => {
    const first = await order('a');
    const again = await order('a');
    expect([first.status, isReplay(first)]).toEqual([201, false]);
    expect([again.status, isReplay(again), again.body]).toEqual([201, true, first.body]);
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect([await orders(), await stock()]).toEqual([1, 9]);
  });

  it('gets the first answer although the order has changed since', async () => {
    const { body } = await order('a');
    const paid = await post(`orders/${body.id}/pay`, undefined, 'b');
    expect(paid.body.status).toBe('paid');
    expect((await order('a')).body).toEqual(body);
    const again = await post(`orders/${body.id}/pay`, undefined, 'b');
    expect([again.status, isReplay(again), again.body]).toEqual([200, true, paid.body]);
  });

  it('gets an answer without a body as such', async () => {
    const answers = [
      await post('mistakes/nothing', undefined, 'a'),
      await post('mistakes/nothing', undefined, 'a'),
    ];
    expect(answers.map((answer) => [answer.status, answer.body, isReplay(answer)])).toEqual([
      [201, undefined, false],
      [201, undefined, true],
    ]);
    expect(await counter()).toBe(1);
  });

  it('is refused with another body, route or query', async () => {
    const { body } = await order('a');
    const others = [
      await order('a', 2),
      await post('orders', undefined, 'a'),
      await post(`orders/${body.id}/pay`, undefined, 'a'),
      await post('products', { name: 'Tea', priceMinor: 1 }, 'a'),
    ];
    expect(others.map(problemIn)).toEqual([
      '422 IDEMPOTENCY_KEY_REUSED',
      '400 VALIDATION_FAILED',
      ...Array<string>(2).fill('422 IDEMPOTENCY_KEY_REUSED'),
    ]);
    expect((await owner.api.get(`orders/${body.id}`)).body.status).toBe('pending');
    expect(await orders()).toBe(1);
  });

  it('is another request if another member or another shop sends it', async () => {
    const staff = await newMember(owner);
    const other = await newOwner(app.api);
    const theirs = await newProduct(other.api);
    const answers = [
      await order('a'),
      await order('a', 1, staff.inShop),
      await post('orders', { lines: [{ productId: theirs.id, quantity: 1 }] }, 'a', other.api),
    ];
    expect(answers.map((answer) => [answer.status, isReplay(answer)])).toEqual(Array(3).fill([201, false]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(3);
  });

  it('is tried again if the first was refused', async () => {
    expect(problemIn(await order('a', 20))).toBe('409 INSUFFICIENT_STOCK');
    await owner.api.patch(`products/${product.id}`, { stock: 20 });
    const second = await order('a', 20);
    expect([second.status, isReplay(second), await stock()]).toEqual([201, false, 0]);
  });

  it('is new after 24 hours', async () => {
    const first = await order('a');
    const age = (hours: string) =>
      app.database.query(
        `UPDATE ${schema()}.idempotency_keys SET created_at = now() - interval '${hours}' WHERE key = 'a'`,
      );
    await age('23 hours 59 minutes');
    expect(isReplay(await order('a'))).toBe(true);
    await age('24 hours 1 minute');
    const later = await order('a', 2);
    expect([later.status, isReplay(later), later.body.id === first.body.id]).toEqual([201, false, false]);
    expect((await order('a', 2)).body).toEqual(later.body);
  });
});

describe('keys of a shop', () => {
  it('are removed after 24 hours, ten at a time, by requests with a key', async () => {
    const keys = `${schema()}.idempotency_keys`;
    await app.database.query(
      `INSERT INTO ${keys} SELECT gen_random_uuid(), n, 'x', 201, '{}', now() - interval '25 hours' FROM generate_series(1, 25) n`,
    );
    const left = async () => {
      const [row] = await app.database.query<{ old: number; all: number }>(
        `SELECT count(*) FILTER (WHERE created_at < now() - interval '24 hours')::int AS old, count(*)::int AS all FROM ${keys}`,
      );
      return row;
    };
    await order('a');
    expect(await left()).toEqual({ old: 15, all: 16 });
    await Promise.all(['b', 'c', 'd'].map((key) => order(key)));
    expect(await left()).toEqual({ old: 0, all: 4 });
  });

  it('are no hindrance to a request without one, and it leaves none', async () => {
    await newOrder(owner.api, product.id);
    expect(await app.database.query(`SELECT key FROM ${schema()}.idempotency_keys`)).toEqual([]);
    await app.database.query(`DROP TABLE ${schema()}.idempotency_keys`);
    await newOrder(owner.api, product.id);
  });

  it('are refused while the shop lacks their table', async () => {
    await app.database.query(`DROP TABLE ${schema()}.idempotency_keys`);
    expect(problemIn(await order('a'))).toBe('503 SHOP_NOT_READY');
    expect(await orders()).toBe(0);
  });
});

describe('a POST whose key is in flight', () => {
  it('is refused at once, and gets the answer once it is there', async () => {
    const [first, second] = await withClient(app.database.url, async (client) => {
      await client.query(`BEGIN; LOCK TABLE ${schema()}.counters`); // the first order waits for its number
      const waiting = order('a');
      await untilTrue(async () => (await waiters()) === 1);
      const refused = await order('a');
      await client.query('ROLLBACK');
      return [await waiting, refused];
    });
    expect([problemIn(second), second.headers.get('retry-after')]).toEqual([
      '409 IDEMPOTENCY_IN_FLIGHT',
      '1',
    ]);
    expect([first.status, isReplay(first)]).toEqual([201, false]);
    expect((await order('a')).body).toEqual(first.body);
    expect(await orders()).toBe(1);
  });

  it('keeps its patience with other locks', async () => {
    const placed = await withClient(app.database.url, async (client) => {
      await client.query(`BEGIN; LOCK TABLE ${schema()}.counters`);
      const waiting = order('a');
      await untilTrue(async () => (await waiters(`now() - interval '200 ms'`)) === 1);
      await client.query('ROLLBACK');
      return waiting;
    });
    expect(placed.status).toBe(201);
  });

  it('is done once when twenty come together', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => order('a')));
    const made = answers.filter((answer) => answer.status === 201);
    expect(made.filter((answer) => !isReplay(answer))).toHaveLength(1);
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(1);
    const refused = answers.filter((answer) => answer.status !== 201).map(problemIn);
    expect(new Set([...refused, '409 IDEMPOTENCY_IN_FLIGHT'])).toEqual(
      new Set(['409 IDEMPOTENCY_IN_FLIGHT']),
    );
    expect([await orders(), await stock()]).toEqual([1, 9]);
  });

  /** Sessions of this database that wait for a lock, in a statement that began before then. */
  async function waiters(since = 'now()'): Promise<number> {
    const [row] = await app.database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND query_start < ${since}`,
    );
    return row!.count; // an aggregate has one row
  }
});

describe('an import with an Idempotency-Key', () => {
  const CSV = 'Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty\nmug,Mug,MUG,1.00,1\n';
  const asText = (csv: string, query = '') =>
    owner.api.raw('POST', `products/import${query}`, csv, {
      'content-type': 'text/csv',
      'idempotency-key': 'a',
    });
  const asForm = (csv: string) => {
    const form = new FormData();
    form.set('file', new Blob([csv], { type: 'text/csv' }), 'catalogue.csv');
    return owner.api.raw('POST', 'products/import', form, { 'idempotency-key': 'a' });
  };

  it('is known by the bytes of the file', async () => {
    const first = await asText(CSV);
    expect([first.status, first.body.products]).toEqual([200, { created: 1, updated: 0, unchanged: 0 }]);
    const repeated = [await asText(CSV), await asForm(CSV), await asForm(CSV)];
    expect(repeated.map((answer) => [answer.status, isReplay(answer), answer.body])).toEqual(
      Array(3).fill([200, true, first.body]),
    );
    const others = [await asText(`${CSV} `), await asForm(`${CSV} `), await asText(CSV, '?mode=skip')];
    expect(others.map(problemIn)).toEqual(Array(3).fill('422 IDEMPOTENCY_KEY_REUSED'));
  });
});

describe('the header Idempotency-Key', () => {
  it.each([
    ['empty', ''],
    ['too long', 'x'.repeat(256)],
    ['with a space', 'a b'],
    ['with a tab', 'a\tb'],
    ['with a letter that is not ASCII', 'é'],
  ])('is refused if it is %s', async (_what, key) => {
    const answer = await order(key);
    expect([problemIn(answer), blamedIn(answer)]).toEqual(['400 VALIDATION_FAILED', ['idempotency-key']]);
    expect(await orders()).toBe(0);
  });

  it.each(['x', '~'.repeat(255), '"quoted"', randomUUID(), `';--`])('may be %s', async (key) => {
    const answers = [await order(key), await order(key)];
    expect(answers.map(isReplay)).toEqual([false, true]);
  });

  it.each([
    ['PATCH', 'products/{id}', { name: 'Tea' }],
    ['DELETE', 'products/{id}', undefined],
    ['POST', 'auth/logout', { refreshToken: 'x' }],
    ['POST', 'mistakes/no-key', undefined],
  ])('is refused where it would be ignored: %s %s', async (method, path, body) => {
    const answer = await owner.api.raw(
      method,
      path.replace('{id}', product.id),
      body && JSON.stringify(body),
      {
        ...(body && { 'content-type': 'application/json' }),
        'idempotency-key': 'a',
      },
    );
    expect([problemIn(answer), blamedIn(answer)]).toEqual(['400 VALIDATION_FAILED', ['idempotency-key']]);
    expect((await owner.api.get(`products/${product.id}`)).body.name).not.toBe('Tea');
  });

  it('has no meaning for a GET, which changes nothing', async () => {
    expect((await owner.api.raw('GET', 'products', undefined, { 'idempotency-key': 'a' })).status).toBe(200);
  });
});

describe('a route that takes keys', () => {
  it('stores nothing if its answer is too large to be kept', async () => {
    const MIB = 1_048_576;
    expect(problemIn(await post(`mistakes/large/${5 * MIB}`, undefined, 'a'))).toBe(
      '422 IDEMPOTENT_ANSWER_TOO_LARGE',
    );
    expect(await counter()).toBe(0);
    const [kept, again] = [
      await post(`mistakes/large/${3 * MIB}`, undefined, 'a'),
      await post(`mistakes/large/${3 * MIB}`, undefined, 'a'),
    ];
    expect([again.body.text.length, isReplay(again), await counter()]).toEqual([3 * MIB, true, 1]);
    expect(again.body).toEqual(kept.body);
  });

  it.each(['twice', 'other-answer'])('fails loudly if it is written wrong: %s', async (mistake) => {
    expect(problemIn(await post(`mistakes/${mistake}`, undefined, 'a'))).toBe('500 INTERNAL_ERROR');
    expect((await owner.api.raw('POST', `mistakes/${mistake}`)).status).toBe(201);
  });
});
