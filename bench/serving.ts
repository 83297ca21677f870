import { isDeepStrictEqual } from 'node:util';
import { adminOf } from '../src/database/installation';
import { createLogger } from '../src/common/logger';
import { createHttpApp } from '../src/app/http-server';
import { createOpenApi } from '../src/app/openapi';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { countArgument, start } from './lib/command';
import { makeFleet } from './lib/fleet';
import { describeSetup } from './lib/machine';
import { report, resultOf } from './lib/results';
import { withServer } from './lib/server';
import { compareWays, type Measured, type Way } from './lib/ways';
import { overHttp } from './serving/http';
import { compileSchemas } from './serving/schemas';
import { serialisations } from './serving/serialisation';
import { guardWays, libraryWays } from './serving/tokens';
import { assertSameChecks, validations } from './serving/validation';

/**
 * What a request is served with, each against what the application does: `npm run bench:serving -- 7 2000 5 4`: rounds and
 * calls a round in this process, rounds and seconds of each over HTTP.
 */
const ROUNDS = countArgument(1, 7);
const CALLS = countArgument(2, 2000);
const HTTP_ROUNDS = countArgument(3, 5);
const SECONDS = countArgument(4, 4);

start(() =>
  withServer(async (installation, env) => {
    const setup = await describeSetup(adminOf(installation).bootstrapUrl);
    await makeFleet(installation, await TenantMigrations.load(), 1); // makes a user too
    const app = await createHttpApp({ env, logger: createLogger(env.LOG_LEVEL), installation });
    const results: Measured[] = [];
    try {
      const compiled = await compileSchemas(createOpenApi(app));
      const texts = serialisations(compiled);
      assertSameTexts(texts);
      await compareAll('serialisation', 'page of 20 products', texts);
      for (const validation of validations(compiled)) {
        await assertSameChecks(validation);
        await compareAll('validation', validation.what, validation.ways);
      }
      await compareAll('guard', 'access token', await guardWays(app, installation));
      await compareAll('token', 'signature', await libraryWays());
    } finally {
      await app.close();
    }
    results.push(...(await overHttp(HTTP_ROUNDS, SECONDS)));
    report(
      'serving',
      results.map(({ name, what, unit, rounds }) => resultOf(setup, { name, what, unit }, rounds)),
    );

    async function compareAll(area: string, what: string, [used, ...others]: readonly Way[]): Promise<void> {
      const kind = { name: `serving.${area}`, what, rounds: ROUNDS, calls: CALLS };
      for (const way of others) results.push(...(await compareWays(kind, way, used!))); // a list has a first
    }
  }),
);

function assertSameTexts(ways: readonly Way[]): void {
  const [used, ...others] = ways.map(({ name, work }) => ({
    name,
    answer: JSON.parse(work(0) as string) as unknown,
  }));
  for (const { name, answer } of others)
    if (!isDeepStrictEqual(answer, used!.answer)) throw new Error(`${name} gives another page`); // a list has a first
}
