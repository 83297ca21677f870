import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { adminOf } from '../src/database/installation';
import { startApi } from './lib/api';
import { countArgument, print, start } from './lib/command';
import { makeFleet, settle } from './lib/fleet';
import { describeSetup } from './lib/machine';
import { type Program, startProgram } from './lib/program';
import { report, resultOf } from './lib/results';
import { inTurns } from './lib/rounds';
import { withServer } from './lib/server';

/**
 * The time from start to the first answer: `npm run bench:start -- 10000 9` with the numbers of shops and rounds. The API on a
 * running database server, against an empty Nest application with Fastify and one TypeORM pool on the same server.
 */
const SHOPS = countArgument(1, 10_000);
const ROUNDS = countArgument(2, 9);

start(() =>
  withServer(async (installation, env) => {
    const { bootstrapUrl } = adminOf(installation);
    const setup = await describeSetup(bootstrapUrl);
    await makeFleet(installation, await TenantMigrations.load(), SHOPS);
    await settle(installation);
    const value = () => untilAnswer(() => startApi(installation, env), '/health/ready');
    const floor = () => untilAnswer(() => startEmpty(bootstrapUrl), '/');
    await value(); // brings the files into the page cache
    await floor();
    const rounds = await inTurns(ROUNDS, { value, floor }, (round) =>
      print(`ms: API ${round.value.toFixed(0)}, empty application ${round.floor?.toFixed(0)}`),
    );
    const what = `from the start of the process to the first answer, ${SHOPS} shops; floor: an empty Nest application`;
    report('start', [
      resultOf(setup, { name: 'start', what, unit: 'ms', bar: { of: 'ratio', most: 1.5 } }, rounds),
    ]);
  }),
);

async function untilAnswer(startIt: () => Promise<Program>, path: string): Promise<number> {
  const started = performance.now();
  const program = await startIt();
  const { ok, status } = await fetch(`${program.ready}${path}`);
  const took = performance.now() - started;
  await program.stop();
  if (!ok) throw new Error(`the first answer was ${status}`);
  return took;
}

function startEmpty(url: string): Promise<Program> {
  return startProgram('bench/start/empty-app.js', { EMPTY_URL: url }, /^ready on (http\S+)$/);
}
