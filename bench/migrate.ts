import type { Env } from '../src/config/env';
import { adminOf, type Installation } from '../src/database/installation';
import type { Migration } from '../src/database/schema-migrations';
import { withClient } from '../src/database/with-client';
import { defaultConcurrency } from '../src/operations/migrator/run-options';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { TenantMigrator } from '../src/operations/migrator/tenant-migrator';
import { countArgument, print, start } from './lib/command';
import { makeFleet } from './lib/fleet';
import { describeSetup, type Setup } from './lib/machine';
import { type Result, report, resultOf } from './lib/results';
import { inTurns, type Round, seconds } from './lib/rounds';
import { withServer } from './lib/server';
import { bareRun, sameMessages } from './migrate/floor';
import { nextMigration } from './migrate/next-migration';
import { memoryOf, migrateCommand } from './migrate/programs';
import { rewind, sweep } from './migrate/rewind';

/**
 * The migrator against a bare script on one embedded server: `npm run bench:migrate -- 5000 5` with the numbers of shops and
 * rounds. Creating the shops takes most of the time.
 */
const SHOPS = countArgument(1, 5000);
const ROUNDS = countArgument(2, 5);
const MEMORY_ROUNDS = Math.min(ROUNDS, 3);
const FEW = Math.ceil(SHOPS / 10);
const REGISTRY_ROWS = 2 * SHOPS;
/** Shops that a process migrates before its memory is measured: by then V8 has grown its working heap. */
const WARM_UP = 4 * FEW;
const CONNECTIONS = defaultConcurrency();

interface Fleet {
  installation: Installation;
  env: Env;
  setup: Setup;
  now: TenantMigrations;
  next: TenantMigrations;
  added: Migration;
}

start(() =>
  withServer(async (installation, env) => {
    const now = await TenantMigrations.load();
    const added = await nextMigration();
    const setup = await describeSetup(adminOf(installation).bootstrapUrl);
    const took = await seconds(() => makeFleet(installation, now, SHOPS));
    print(`${SHOPS} shops created in ${took.toFixed(0)} s`);
    const next = new TenantMigrations([...now.list, added]);
    const fleet = { installation, env, setup, now, next, added };
    await sweep(installation);
    const same = await sameMessages(installation, next);
    report('migrate', [
      await rate(fleet),
      await rate(fleet, same),
      await memory(fleet),
      ...(await nothingToDo(fleet)),
    ]);
  }),
);

async function rate(fleet: Fleet, messageOf?: (id: string) => string): Promise<Result> {
  const { installation, next, setup } = fleet;
  const migrator = new TenantMigrator(next, installation);
  const measured = async (work: () => Promise<unknown>) => {
    const took = await seconds(work);
    await restore(fleet);
    return SHOPS / took;
  };
  const rounds = await inTurns(
    ROUNDS,
    {
      value: () => measured(async () => assertAll(await migrator.run({ concurrency: CONNECTIONS }))),
      floor: () => measured(() => bareRun(installation, next, CONNECTIONS, messageOf)),
    },
    ({ value, floor }) => print(`shops/s: migrator ${value.toFixed(0)}, bare script ${floor?.toFixed(0)}`),
  );
  const what = `a column and an index on ${SHOPS} shops without rows, ${CONNECTIONS} connections, against a bare pg script${messageOf ? ' that sends the same messages' : ''}`;
  return resultOf(
    setup,
    {
      name: messageOf ? 'migrate.rate.same' : 'migrate.rate',
      what,
      unit: 'shops/s',
      bar: { of: 'ratio', least: 0.8 },
    },
    rounds,
  );
}

function assertAll({ migrated, outcome }: { migrated: number; outcome: string }): void {
  if (outcome !== 'done' || migrated !== SHOPS) throw new Error(`${migrated} migrated: ${outcome}`);
}

async function memory(fleet: Fleet): Promise<Result> {
  const { installation, env, setup } = fleet;
  const measured = async (shops: number) => {
    const mebibytes = await memoryOf(installation, env, WARM_UP, shops);
    await restore(fleet);
    return mebibytes;
  };
  const rounds = await inTurns(
    MEMORY_ROUNDS,
    { value: () => measured(SHOPS - WARM_UP), floor: () => measured(FEW) },
    ({ value, floor }) => print(`growth: ${value.toFixed(1)} MiB, few shops ${floor?.toFixed(1)} MiB`),
  );
  const what = `growth of the process while it migrates ${SHOPS - WARM_UP} shops, after ${WARM_UP} others; floor: ${FEW} shops`;
  return resultOf(
    setup,
    { name: 'migrate.memory', what, unit: 'MiB', bar: { of: 'difference', most: 20 } },
    rounds,
  );
}

async function nothingToDo({ installation, env, setup, now }: Fleet): Promise<Result[]> {
  await withClient(adminOf(installation).url, 'bench', (client) =>
    client.query(
      `INSERT INTO tenants (shop_id, version, checksum)
       SELECT gen_random_uuid(), $1, $2 FROM generate_series(1, $3::int)`,
      [now.latest, now.checksum, REGISTRY_ROWS - SHOPS],
    ),
  );
  const migrator = new TenantMigrator(now, installation);
  const run: Round[] = [];
  const command: Round[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    run.push({ value: await seconds(() => migrator.run()), floor: null });
    command.push({ value: await seconds(() => migrateCommand(installation, env)), floor: null });
  }
  const what = `nothing to do, ${REGISTRY_ROWS} rows in public.tenants (half without a schema: the run reads only the rows)`;
  const bar = { of: 'value', most: 1 } as const;
  return [
    resultOf(setup, { name: 'migrate.nothing.run', what: `${what}: the run`, unit: 's', bar }, run),
    resultOf(
      setup,
      { name: 'migrate.nothing.command', what: `${what}: the whole command`, unit: 's', bar },
      command,
    ),
  ];
}

function restore({ installation, now, added }: Fleet): Promise<void> {
  return rewind(installation, now, added);
}
