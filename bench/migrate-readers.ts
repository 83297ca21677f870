import { setTimeout as sleep } from 'node:timers/promises';
import { adminOf, type Installation } from '../src/database/installation';
import { withClient } from '../src/database/with-client';
import { TenantLocator } from '../src/tenancy/tenant-locator';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { TenantMigrator } from '../src/operations/migrator/tenant-migrator';
import { countArgument, print, start } from './lib/command';
import { makeFleet } from './lib/fleet';
import { describeSetup } from './lib/machine';
import { report, resultOf } from './lib/results';
import { withServer } from './lib/server';
import { nextMigration } from './migrate/next-migration';

/**
 * The wait of readers in busy shops while the fleet is migrated: `npm run bench:migrate-readers -- 500 60` with the numbers
 * of shops and seconds. In five shops a transaction that has read `products` stays open for that time; meanwhile other
 * sessions read a product list there in a loop, and their waits are measured.
 */
const SHOPS = countArgument(1, 500);
const SECONDS = countArgument(2, 60);
const BUSY = 5;

start(() =>
  withServer(async (installation) => {
    const now = await TenantMigrations.load();
    const next = new TenantMigrations([...now.list, await nextMigration()]);
    const setup = await describeSetup(adminOf(installation).bootstrapUrl);
    await makeFleet(installation, now, SHOPS);
    const schemas = await busyShops(installation);
    const before = await waits(installation, schemas, sleep(5000));
    const holding = hold(installation, schemas);
    const running = new TenantMigrator(next, installation).run({ patienceMs: (SECONDS + 30) * 1000 });
    const during = await waits(installation, schemas, running);
    const summary = await running;
    await holding;
    print(
      `${summary.migrated} of ${SHOPS} migrated, ${summary.deferred.length} still busy at the end: ${summary.outcome}`,
    );
    if (summary.migrated !== SHOPS) throw new Error('the busy shops were not migrated in a later pass');
    const what = `longest wait of ${during.length} reads in ${BUSY} of ${SHOPS} shops whose tables a reader holds for ${SECONDS} s, while all are migrated; floor: the longest of ${before.length} reads without a migration`;
    const rounds = [{ value: Math.max(...during), floor: Math.max(...before) }];
    const bar = { of: 'value', most: 300 } as const;
    report('migrate-readers', [resultOf(setup, { name: 'migrate.readers', what, unit: 'ms', bar }, rounds)]);
  }),
);

async function busyShops(installation: Installation): Promise<string[]> {
  return withClient(adminOf(installation).url, 'bench', async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `SELECT id FROM shops ORDER BY random() LIMIT ${BUSY}`,
    );
    return rows.map(({ id }) => new TenantLocator().locate(id).schema);
  });
}

/** Keeps one transaction open that has read a table of each shop. */
function hold(installation: Installation, schemas: readonly string[]): Promise<void> {
  return withClient(adminOf(installation).bootstrapUrl, 'bench holder', async (client) => {
    await client.query('BEGIN');
    for (const schema of schemas) await client.query(`SELECT FROM ${schema}.products`);
    await sleep(SECONDS * 1000);
    await client.query('COMMIT');
  });
}

/** Reads in each of the shops in a loop until `end`. @returns milliseconds of each read */
async function waits(
  installation: Installation,
  schemas: readonly string[],
  end: Promise<unknown>,
): Promise<number[]> {
  let isOver = false;
  const ended = end.finally(() => (isOver = true));
  const measured: number[] = [];
  const read = (schema: string) =>
    withClient(adminOf(installation).bootstrapUrl, 'bench reader', async (client) => {
      while (!isOver) {
        const started = performance.now();
        await client.query(`SELECT id, name FROM ${schema}.products ORDER BY id LIMIT 20`, []);
        measured.push(performance.now() - started);
        await sleep(5);
      }
    });
  await Promise.all([ended, ...schemas.map(read)]);
  return measured;
}
