import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientGone, DatabaseUnavailable, Overloaded } from '../../src/common/common.errors';
import type { Share } from '../../src/database/connections';
import type { BorrowedClient } from '../../src/database/engine-client';
import { TooManyRequests } from '../../src/common/common.errors';
import type { TenantPool } from '../../src/tenancy/tenant-pool';
import { Random } from '../support/random';
import { shop, useTenantPools } from '../support/tenant-pools';
import { untilTrue } from '../support/until';

const SEED = Number(process.env['POOL_SEED'] ?? Date.now() % 1_000_000); // repeats what a failure names

const { open } = useTenantPools({ waitMs: 20_000 });
const share = (transactionsAtOnce: number | null, transactionsWaiting: number | null = null): Share => ({
  transactionsAtOnce,
  transactionsWaiting,
});

/** Requests of shops by number, which are noted when they are served and end at once. */
class Served {
  readonly order: number[] = [];

  constructor(private readonly pool: TenantPool) {}

  async ask(number: number, ...limits: [Share?]): Promise<void> {
    const client = await this.pool.borrow(shop(number), ...limits);
    this.order.push(number);
    this.pool.giveBack(client, true);
  }

  askOften(number: number, times: number): Promise<void[]> {
    return Promise.all(Array.from({ length: times }, () => this.ask(number)));
  }
}

describe('fair share of the pool', () => {
  it('lets 200 waiting requests of one shop cost another no more than a place', async () => {
    const pool = open({ size: 1 });
    const served = new Served(pool);
    const held = await pool.borrow(shop(1));
    const asked = [served.askOften(1, 200), served.ask(2), served.askOften(3, 2)];
    expect(pool.load().waiting).toBe(203);
    pool.giveBack(held, true);
    await Promise.all(asked);
    expect(served.order.slice(0, 6)).toEqual([1, 2, 3, 1, 3, 1]);
  });

  it('goes round the shops that wait', async () => {
    const pool = open({ size: 1, longMs: -1 }); // each accepts any connection
    const served = new Served(pool);
    const held = await pool.borrow(shop(9));
    const asked = [1, 2, 3].map((number) => served.askOften(number, 5));
    pool.giveBack(held, true);
    await Promise.all(asked);
    expect(served.order).toEqual(Array.from({ length: 5 }, () => [1, 2, 3]).flat());
  });

  it('lets a shop that knows the connection overtake another once', async () => {
    const pool = open({ longMs: 50 });
    const served = new Served(pool);
    await served.ask(0);
    const [even, odd] = [await pool.borrow(shop(0)), await pool.borrow(shop(1))];
    const asked = [served.ask(3), served.askOften(0, 20)]; // the first prefers the connection that stays in use
    await sleep(100); // now it accepts any
    served.order.length = 0;
    pool.giveBack(even, true);
    await Promise.all(asked);
    expect(served.order.slice(0, 3)).toEqual([0, 3, 0]);
    pool.giveBack(odd, true);
  });

  it('gives a shop its part of what the processes of the machine share, and one at least', async () => {
    const pool = open({ size: 4, longMs: -1, workers: 2 });
    const held = [await pool.borrow(shop(1), share(3, 1)), await pool.borrow(shop(1), share(3, 1))];
    const waiting = pool.borrow(shop(1), share(3, 1));
    await expect(pool.borrow(shop(1), share(3, 1))).rejects.toThrow(TooManyRequests);
    const other = await pool.borrow(shop(2), share(1));
    for (const client of [...held, other]) pool.giveBack(client, true);
    pool.giveBack(await waiting, true);
  });

  it('lets a shop use its part, in the order of its requests, and others the rest', async () => {
    const pool = open({ size: 4, longMs: -1 });
    const held = [await pool.borrow(shop(1), share(2)), await pool.borrow(shop(1), share(2))];
    const got: number[] = [];
    const asked = [1, 2, 3].map(async (number) => {
      const client = await pool.borrow(shop(1), share(2));
      got.push(number);
      pool.giveBack(client, true);
    });
    expect(pool.load().waiting).toBe(3);
    const others = [await pool.borrow(shop(2), share(2)), await pool.borrow(shop(3))];
    expect(got).toEqual([]);
    for (const client of [...others, ...held]) pool.giveBack(client, true);
    await Promise.all(asked);
    expect(got).toEqual([1, 2, 3]);
  });

  it('gives a shop half of its share for a second after a heavy transaction, beside others', async () => {
    const pool = open({ size: 4, longMs: -1, heavyMs: 40 });
    await use(pool, shop(2));
    const [first, second] = [await pool.borrow(shop(1), share(2)), await pool.borrow(shop(1), share(2))];
    const asked = pool.borrow(shop(1), share(2));
    await sleep(50);
    pool.giveBack(first, true);
    await sleep(200); // longer than it rests
    expect(pool.load().waiting).toBe(1);
    pool.giveBack(second, true, false);
    pool.giveBack(await asked, true, false);
    await sleep(1100);
    const both = [await pool.borrow(shop(1), share(2)), await pool.borrow(shop(1), share(2))];
    for (const client of both) pool.giveBack(client, true);
  });

  it.each([
    ['half of the time when its half is one connection', share(2), 1, 1],
    ['longer when it has one connection in each of two processes', share(2), 2, 3],
    ['longer when it has only one', share(1), 1, 3],
  ])('lets a heavy shop work %s', async (_, own, workers, factor) => {
    const pool = open({ size: 4, longMs: -1, heavyMs: 40, workers });
    await use(pool, shop(2));
    const held = await pool.borrow(shop(1), own);
    await sleep(200);
    pool.giveBack(held, true);
    const start = performance.now();
    pool.giveBack(await pool.borrow(shop(1), own), true);
    const rested = (performance.now() - start) / 200;
    expect(rested).toBeGreaterThan(factor * 0.9);
  });

  it('lets others work while a heavy shop rests', async () => {
    const pool = open({ size: 4, longMs: -1, heavyMs: 100 });
    await use(pool, shop(2));
    const held = await pool.borrow(shop(1), share(1));
    const asked = [pool.borrow(shop(1), share(1)), pool.borrow(shop(1), share(1))];
    await sleep(500);
    pool.giveBack(held, true);
    await use(pool, shop(2)); // in the meantime
    expect(pool.load().waiting).toBe(2);
    for (const one of asked) pool.giveBack(await one, true);
  });

  it.each([
    ['that is alone', false, true],
    ['whose transaction failed', true, false],
  ])('does not let a shop rest %s', async (_, isBeside, isDone) => {
    const pool = open({ size: 4, longMs: -1, heavyMs: 20 });
    const held = await pool.borrow(shop(1), share(1));
    const asked = pool.borrow(shop(1), share(1));
    if (isBeside) await use(pool, shop(2));
    await sleep(50);
    pool.giveBack(held, true, isDone);
    expect(pool.load().waiting).toBe(0);
    pool.giveBack(await asked, true);
  });

  it('serves a shop by another free connection when one of its own goes to somebody else', async () => {
    const pool = open({});
    const held = await pool.borrow(shop(5));
    const waiting = [7, 9, 11].map((number) => use(pool, shop(number)));
    await use(pool, shop(1)); // by the even one, which knows it from now on
    pool.giveBack(held, true);
    await Promise.all(waiting);
    const odd = await pool.borrow(shop(1), share(1));
    const others = use(pool, shop(3));
    const asked = pool.borrow(shop(1), share(1));
    pool.giveBack(odd, true);
    const even = await asked;
    expect(even).not.toBe(odd);
    pool.giveBack(even, true);
    await others;
  });

  it('refuses what exceeds the queue of a shop at once, and nobody else', async () => {
    const pool = open({});
    const held = await pool.borrow(shop(1), share(1, 2));
    const waiting = [use(pool, shop(1), share(1, 2)), use(pool, shop(1), share(1, 2))];
    await expect(pool.borrow(shop(1), share(1, 2))).rejects.toMatchObject({
      kind: TooManyRequests.kind,
      details: { retryAfter: 1 },
    });
    await use(pool, shop(2), share(1, 0));
    expect(pool.load().waiting).toBe(2);
    pool.giveBack(held, true);
    await Promise.all(waiting);
  });

  it('refuses everybody at once when too many wait, of whom one shop is half at most', async () => {
    const pool = open({ size: 1, room: 4 });
    const held = await pool.borrow(shop(1));
    const waiting = [1, 1, 2, 3].map((number) => use(pool, shop(number)));
    await expect(pool.borrow(shop(1))).rejects.toMatchObject({ kind: TooManyRequests.kind });
    await expect(pool.borrow(shop(4), share(2, 50))).rejects.toMatchObject({ kind: Overloaded.kind });
    pool.giveBack(held, true);
    await Promise.all(waiting);
    await use(pool, shop(4));
  });

  it('does not blame the database when a shop has waited for its own requests', async () => {
    const pool = open({ size: 2, waitMs: 800 });
    const held = [await pool.borrow(shop(1)), await pool.borrow(shop(2))];
    const [own, other] = await Promise.allSettled([pool.borrow(shop(1), share(1)), pool.borrow(shop(3))]);
    expect(own).toMatchObject({ reason: { kind: TooManyRequests.kind } });
    expect(other).toMatchObject({ reason: { kind: DatabaseUnavailable.kind } });
    for (const client of held) pool.giveBack(client, true);
  });

  it('forgets a request whose client leaves, whatever its place, and serves the others in their order', async () => {
    const pool = open({ size: 1 });
    const held = await pool.borrow(shop(1));
    const clients = [1, 2, 3, 4].map(() => Object.assign(new EventEmitter(), { destroyed: false }));
    const got: number[] = [];
    const asked = clients.map(async (socket, number) => {
      const client = await pool.borrow(shop(1), share(1, 4), socket as never);
      got.push(number);
      socket.emit('close'); // too late: it has a connection
      pool.giveBack(client, true);
    });
    const left = Promise.allSettled(asked);
    for (const gone of [2, 0]) clients[gone]!.emit('close');
    expect(pool.load().waiting).toBe(2);
    pool.giveBack(held, true);
    expect((await left).map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(got).toEqual([1, 3]);
    expect(clients.map((client) => client.listenerCount('close'))).toEqual([0, 0, 0, 0]);
    const again = await pool.borrow(shop(1));
    await expect(
      pool.borrow(shop(1), share(1, 4), { ...new EventEmitter(), destroyed: true } as never),
    ).rejects.toMatchObject({ kind: ClientGone.kind });
    pool.giveBack(again, true);
    expect(pool.load()).toMatchObject({ waiting: 0, idle: 1 });
  });

  it('admits as many as a larger share says, from the next request on', async () => {
    const pool = open({ size: 4, longMs: -1 });
    const held = [await pool.borrow(shop(1), share(1))];
    await expect(pool.borrow(shop(1), share(1, 0))).rejects.toMatchObject({ kind: TooManyRequests.kind });
    held.push(await pool.borrow(shop(1), share(2, 0)));
    for (const client of held) pool.giveBack(client, true);
  });
});

/** A shop in the test, and what it does. */
interface Neighbour {
  id: number;
  limits: Share;
  asked: number;
  inUse: number;
  /** Shops that were served since its oldest request became the next. */
  overtakenBy: number[];
}

describe(`fair share of the pool among shops by chance (POOL_SEED=${SEED})`, () => {
  it.each([
    { connections: 1, shops: 6, requests: 600 },
    { connections: 5, shops: 12, requests: 1500 },
  ])('$connections connections, $shops shops', async ({ connections, shops, requests }) => {
    const random = new Random(SEED);
    const pool = open({ size: connections, longMs: -1 });
    const wrong: string[] = [];
    const neighbours = Array.from({ length: shops }, (_, id): Neighbour => {
      const limits = share(random.pick([1, 2, 3, null]), random.pick([0, 1, 10, 100, null]));
      return { id, limits, asked: 0, inUse: 0, overtakenBy: [] };
    });
    const serve = (one: Neighbour) => {
      one.asked--;
      one.overtakenBy = [];
      if (++one.inUse > (one.limits.transactionsAtOnce ?? Infinity)) wrong.push(`${one.id} has too many`);
      if (connections > 1) return; // how long a connection takes to open changes the order that is seen
      for (const other of neighbours) if (other !== one && other.asked > 0) other.overtakenBy.push(one.id);
      for (const { id, overtakenBy } of neighbours)
        if (new Set(overtakenBy).size < overtakenBy.length)
          wrong.push(`${id} overtaken by ${overtakenBy.join()}`);
    };
    const ask = async (one: Neighbour) => {
      const room = one.limits.transactionsWaiting ?? 500;
      const waited = ++one.asked;
      if (waited === 1) one.overtakenBy = [];
      const client = await pool.borrow(shop(one.id), one.limits).catch((error: { kind?: unknown }) => {
        one.asked--;
        if (error.kind !== TooManyRequests.kind) wrong.push(`${one.id} refused by the wrong error`);
        if (waited <= room) wrong.push(`${one.id} refused with ${waited} of ${room} waiting`);
        return undefined;
      });
      if (client === undefined) return false;
      serve(one);
      await sleep(random.whole(3));
      one.inUse--;
      pool.giveBack(client, true);
      return true;
    };
    await use(pool, shop(0)); // its connection is open
    const answers = Array.from({ length: requests }, async () => {
      await sleep(random.whole(400));
      return ask(neighbours[random.chance(0.5) ? 0 : random.whole(shops)]!);
    });
    const answered = await Promise.all(answers);
    expect(wrong).toEqual([]);
    expect(new Set(answered)).toEqual(new Set([true, false]));
    await untilTrue(() => pool.load().waiting === 0);
    expect(neighbours.map(({ asked, inUse }) => asked + inUse)).toEqual(neighbours.map(() => 0));
  });
});

async function use(pool: TenantPool, shopId: string, limits?: Share): Promise<void> {
  const client: BorrowedClient = await pool.borrow(shopId, limits);
  pool.giveBack(client, true);
}
