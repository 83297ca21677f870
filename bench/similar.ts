import { createLogger } from '../src/common/logger';
import { FIRST_ID } from '../src/common/ids';
import { adminOf } from '../src/database/installation';
import { createHttpApp } from '../src/app/http-server';
import { TenantDatabase } from '../src/tenancy/tenant-database';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { makeOutdated, rankSimilar, storeVectors } from '../src/tenant/products/similar/similar-products';
import { similarityOf } from '../src/tenant/products/similar/vectors';
import { countArgument, print, start } from './lib/command';
import { fillShop } from './lib/fill-shop';
import { makeFleet } from './lib/fleet';
import { describeSetup } from './lib/machine';
import { report, resultOf } from './lib/results';
import { median, type Round } from './lib/rounds';
import { withServer } from './lib/server';

/**
 * The search of similar products in one shop: `npm run bench:similar -- 100000` with the number of products. It prints how long
 * all vectors take to make, how long one search takes, and how many of the ten best it finds.
 */
const PRODUCTS = countArgument(1, 100_000);
const SEARCHES = 20;
const LIMIT = 10;
const BATCH = 1000;

start(() =>
  withServer(async (installation, env) => {
    const setup = await describeSetup(adminOf(installation).bootstrapUrl);
    const [shop] = await makeFleet(installation, await TenantMigrations.load(), 1);
    const shopId = shop!; // one was created
    await fillShop(installation, shopId, PRODUCTS, 4);
    const logger = createLogger(env.LOG_LEVEL);
    const app = await createHttpApp({ env, logger, installation, times: {} });
    await app.init();
    try {
      const database = app.get(TenantDatabase, { strict: false });
      const making = await timed(() => makeAll(database, shopId));
      print(`${PRODUCTS} vectors: ${(making / 1000).toFixed(1)} s`);
      const vectors = await readVectors(database, shopId);
      const ids = [...vectors.keys()];
      const [outdated, searches, found]: [Round[], Round[], Round[]] = [[], [], []];
      for (let i = 0; i < SEARCHES; i++) {
        const id = ids[Math.floor((i * ids.length) / SEARCHES)]!; // within the list
        const check = await timed(() => database.run(shopId, (manager) => makeOutdated(manager, 1)));
        let hits: string[] = [];
        const search = await timed(async () => {
          const like = { id, limit: LIMIT, status: undefined };
          const similar = await database.run(shopId, (manager) => rankSimilar(manager, [], like));
          hits = similar.map((one) => one.id);
        });
        outdated.push({ value: check, floor: null });
        searches.push({ value: search, floor: null });
        found.push({ value: shareOf(vectors, id, hits), floor: null });
      }
      print(`check ${median(outdated.map((one) => one.value)).toFixed(0)} ms`);
      report('similar', [
        resultOf(setup, { name: 'similar.make', what: `vectors of ${PRODUCTS} products`, unit: 'ms' }, [
          { value: making, floor: null },
        ]),
        resultOf(
          setup,
          { name: 'similar.check', what: 'looks for products without a vector', unit: 'ms' },
          outdated,
        ),
        resultOf(
          setup,
          { name: 'similar.search', what: `finds the ${LIMIT} most similar`, unit: 'ms' },
          searches,
        ),
        resultOf(
          setup,
          { name: 'similar.found', what: 'similarity of the hits, best possible = 1', unit: '' },
          found,
        ),
      ]);
    } finally {
      await app.close();
    }
  }),
);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function makeAll(database: TenantDatabase, shopId: string): Promise<void> {
  let made = BATCH;
  while (made === BATCH)
    made = await database.transaction(shopId, async (manager) =>
      storeVectors(manager, await makeOutdated(manager, BATCH)),
    );
}

async function readVectors(database: TenantDatabase, shopId: string): Promise<Map<string, number[]>> {
  const vectors = new Map<string, number[]>();
  for (let last: string | undefined = FIRST_ID; last !== undefined;) {
    const after: string = last;
    const rows = await database.run(shopId, (manager) =>
      manager.query<{ id: string; vector: string }[]>(
        `SELECT product_id AS id, vector::text FROM product_embeddings WHERE product_id > $1 ORDER BY 1 LIMIT ${5 * BATCH}`,
        [after],
      ),
    );
    for (const { id, vector } of rows) vectors.set(id, JSON.parse(`[${vector.slice(1, -1)}]`) as number[]);
    last = rows.at(-1)?.id;
  }
  return vectors;
}

/** Sum of the similarities of the hits against that of the best ones, by exact comparison with all: many are equally similar. */
function shareOf(vectors: ReadonlyMap<string, number[]>, id: string, hits: readonly string[]): number {
  const like = vectors.get(id)!; // its own
  const all = [...vectors].flatMap(([other, vector]) => (other === id ? [] : similarityOf(like, vector)));
  const best = all.toSorted((a, b) => b - a).slice(0, LIMIT);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return sum(hits.map((hit) => similarityOf(like, vectors.get(hit)!))) / sum(best); // each has one
}
