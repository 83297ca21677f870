import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseUnavailable } from '../../src/common/common.errors';
import type { BorrowedClient } from '../../src/database/engine-client';
import { connectionConfig } from '../../src/database/data-source';
import { TenantPool } from '../../src/tenancy/tenant-pool';
import { randomFrom } from '../support/random';
import { shop } from '../support/tenant-pools';
import { createTestDatabase, type TestDatabase } from '../support/database';

const SEED = Number(process.env['POOL_SEED'] ?? Date.now() % 1_000_000); // repeats what a failure names

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const PATIENT_MS = 20_000;

interface Outcome {
  served: number;
  refused: number;
  cut: number;
  wrong: string[];
}

/** Many borrowers of a pool, each some time; what they see is compared with what a pool may do. */
class Crowd {
  readonly outcome: Outcome = { served: 0, refused: 0, cut: 0, wrong: [] };
  private readonly holders = new Map<BorrowedClient, number>();
  private borrowers = 0;

  constructor(
    private readonly pool: TenantPool,
    private readonly random: () => number,
  ) {}

  async ask(shopId: string, heldMs: number): Promise<void> {
    const client = await this.pool.borrow(shopId).catch((error: Error & { kind?: unknown }) => {
      if (error.kind === DatabaseUnavailable.kind) this.outcome.refused++;
      else this.outcome.wrong.push(`refused with ${error.message}`);
      return undefined;
    });
    if (client === undefined) return;
    const borrower = ++this.borrowers;
    if (this.holders.has(client)) this.outcome.wrong.push('in use twice at once');
    this.holders.set(client, borrower);
    let isClean = this.random() > 0.02;
    try {
      const { rows } = await client.query<{ borrower: number }>(
        'SELECT $1::int AS borrower FROM (SELECT pg_sleep($2)) s',
        [borrower, heldMs / 1000],
      );
      if (rows[0]?.borrower !== borrower) this.outcome.wrong.push("answered with another's rows");
      this.outcome.served++;
    } catch {
      this.outcome.cut++;
      isClean = client.getTransactionStatus() === 'I';
    }
    if (this.holders.get(client) !== borrower) this.outcome.wrong.push('in use before it was given back');
    this.holders.delete(client);
    this.pool.giveBack(client, isClean);
  }
}

function open(size: number, waitMs: number): TenantPool {
  const config = {
    connectionString: database.url,
    ...connectionConfig('random', { kept: 0, responseTimeoutMs: 60_000 }),
  };
  return new TenantPool(config, () => undefined, {
    size,
    room: 1000,
    waitMs,
    longMs: 20,
    heavyMs: 10,
    tenantsPerConnection: 30,
    workers: 1,
  });
}

/** All connections are cut again and again until it is stopped. */
function cutting(random: () => number): () => Promise<void> {
  let isOver = false;
  const ended = (async () => {
    while (!isOver) {
      await database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'stoa random' AND datname = current_database() AND random() < 0.3`,
      );
      await sleep(random() * 50);
    }
  })();
  return () => {
    isOver = true;
    return ended;
  };
}

describe(`TenantPool under borrowers by chance (POOL_SEED=${SEED})`, () => {
  it.each([
    { what: 'one connection', size: 1, waitMs: PATIENT_MS, requests: 300, isCut: false },
    { what: 'one connection that is cut', size: 1, waitMs: PATIENT_MS, requests: 300, isCut: true },
    { what: 'ten connections', size: 10, waitMs: PATIENT_MS, requests: 1000, isCut: false },
    { what: 'ten connections that are cut', size: 10, waitMs: PATIENT_MS, requests: 1000, isCut: true },
    { what: 'three connections and no patience', size: 3, waitMs: 300, requests: 1000, isCut: true },
  ])(
    '$what: each is answered, alone on its connection, and all come back',
    async ({ size, waitMs, requests, isCut }) => {
      const random = randomFrom(SEED);
      const pool = open(size, waitMs);
      const crowd = new Crowd(pool, random);
      const stop = isCut ? cutting(random) : () => Promise.resolve();
      const heldMs = () => (random() < 0.01 ? 300 : random() * 5);
      const shopId = () => shop(random() < 0.4 ? 0 : Math.floor(random() * 500)); // one is busy
      await Promise.all(
        Array.from({ length: requests }, async () => {
          await sleep(random() * 500);
          await crowd.ask(shopId(), heldMs());
        }),
      );
      await stop();
      const { served, refused, cut, wrong } = crowd.outcome;
      expect(wrong).toEqual([]);
      expect(served + refused + cut).toBe(requests);
      if (waitMs === PATIENT_MS) expect([refused, isCut || cut]).toEqual([0, isCut || 0]);
      const { total, idle, waiting } = pool.load();
      expect([total - idle, waiting]).toEqual([0, 0]);
      const all = await Promise.all(Array.from({ length: size }, (_, id) => pool.borrow(shop(id)))); // none is lost
      for (const client of all) pool.giveBack(client, true);
      await pool.close();
    },
  );

  it('answers everybody when it is closed meanwhile', async () => {
    const pool = open(3, 10 * PATIENT_MS); // who waited that long would fail the test
    const crowd = new Crowd(pool, randomFrom(SEED));
    const asked = Array.from({ length: 300 }, (_, i) => crowd.ask(shop(i), 5));
    await sleep(50);
    await pool.close();
    await Promise.all(asked);
    const { served, refused, cut, wrong } = crowd.outcome;
    expect(wrong).toEqual([]);
    expect([served + refused + cut, refused > 0, served > 0]).toEqual([300, true, true]);
    expect(pool.load()).toMatchObject({ total: 0, waiting: 0 });
  });
});
