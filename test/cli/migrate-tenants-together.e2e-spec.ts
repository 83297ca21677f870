import { Client } from 'pg';
import type { RunSummary } from '../../src/operations/migrator/run-options';
import { at, type FleetShop, makeShops, readFleet } from '../support/fleet';
import { programWith, runCli } from '../support/program';
import { useTestApp } from '../support/test-app';
import { untilTrue } from '../support/until';

const SHOPS = 12;
const VERSION = 1900000000000;

const app = useTestApp();
/** Counts its tries in the shops that are poisoned: a sequence is not rolled back. */
const next = programWith({
  name: `${VERSION}-add-season`,
  up: [
    `DO $$ BEGIN IF EXISTS (SELECT FROM public.poisoned WHERE schema = current_schema) THEN
       PERFORM nextval('public.tries'); RAISE EXCEPTION 'its rows do not fit' USING ERRCODE = '23505';
     END IF; END $$`,
    'ALTER TABLE products ADD COLUMN season text',
  ],
  down: 'ALTER TABLE products DROP COLUMN season',
});

const sql = <T extends object>(text: string) => app.database.query<T>(text);
const fleet = () => readFleet(app);

async function migrate(...args: string[]): Promise<RunSummary & { code: number | null }> {
  const { code, stdout, stderr } = await runCli(['migrate:tenants', '--json', ...args], {
    program: next.program,
    env: { DATABASE_URL: app.database.url },
  });
  if (stdout === '') throw new Error(stderr);
  return { code, ...(JSON.parse(stdout) as RunSummary) };
}

let reader: Client;

/** Locks the products of a shop, as somebody who reads them, until `reader` ends. */
async function lock({ schema }: FleetShop): Promise<void> {
  reader = new Client({ connectionString: app.database.url });
  await reader.connect();
  await reader.query(`BEGIN; SELECT FROM ${schema}.products`);
}

const poison = ({ schema }: FleetShop) => sql(`INSERT INTO public.poisoned VALUES ('${schema}')`);
const attemptsOn = async ({ id }: FleetShop) =>
  (await sql<{ attempts: number }>(`SELECT attempts FROM tenants WHERE shop_id = '${id}'`))[0]!.attempts;
const triesOfPoisoned = async () =>
  Number((await sql<{ tries: string }>(`SELECT nextval('public.tries') - 1 AS tries`))[0]!.tries);
const slugs = (shops: readonly { slug: string | null }[]) => shops.map(({ slug }) => slug);

beforeAll(async () => {
  await makeShops(app, SHOPS);
  await sql(`CREATE TABLE public.poisoned (schema text); GRANT SELECT ON public.poisoned TO PUBLIC;
    CREATE SEQUENCE public.tries; GRANT USAGE ON SEQUENCE public.tries TO PUBLIC`);
});
afterEach(async () => {
  await reader.end(); // of a test that has failed
  await sql(`DELETE FROM public.poisoned; ALTER SEQUENCE public.tries RESTART;
    UPDATE tenants SET status = 'ready', attempts = 0`);
  await migrate('--undo');
});
afterAll(() => next.remove());

describe('two runners of migrate:tenants', () => {
  it('count a poisoned shop once, and migrate one that was only locked', async () => {
    const [poisoned, locked] = await fleet();
    await poison(poisoned!);
    await lock(locked!);
    let isOver = false;
    const both = Promise.all([migrate(), migrate()]).finally(() => (isOver = true));
    await untilTrue(async () => isOver || (await attemptsOn(locked!)) >= 6); // passes of both
    await reader.end();
    const runs = await both;
    expect(runs.map(({ outcome, code }) => [outcome, code])).toEqual([
      ['unfinished', 1],
      ['unfinished', 1],
    ]);
    expect(slugs(runs.flatMap(({ failed }) => failed))).toEqual([poisoned!.slug]);
    for (const { failed, failedElsewhere } of runs)
      expect(slugs([...failed, ...failedElsewhere])).toEqual([poisoned!.slug]);
    expect(await attemptsOn(poisoned!)).toBe(1);
    // Both may have begun it before either could record the failure.
    expect(await triesOfPoisoned()).toBeLessThanOrEqual(2);
    expect(at(VERSION, await fleet())).toEqual(slugs((await fleet()).slice(1)));
    expect(
      await sql(`SELECT sum(failed)::int AS failed, sum(migrated)::int AS migrated FROM migration_runs
        WHERE target = ${VERSION} AND id IN ('${runs.map(({ runId }) => runId).join("', '")}')`),
    ).toEqual([{ failed: 1, migrated: SHOPS - 1 }]);
  });

  it('both name a shop that stays locked', async () => {
    const [, locked] = await fleet();
    await lock(locked!);
    const runs = await Promise.all([migrate('--patience', '3'), migrate('--patience', '3')]);
    await reader.end();
    for (const { outcome, deferred } of runs)
      expect([outcome, slugs(deferred)]).toEqual(['unfinished', [locked!.slug]]);
  });

  it('share the run when the second joins later: it does not try the poisoned shop', async () => {
    const [poisoned, locked] = await fleet();
    await poison(poisoned!);
    await lock(locked!);
    const first = migrate();
    await untilTrue(async () => (await attemptsOn(poisoned!)) === 1);
    const second = await migrate('--patience', '0');
    await reader.end();
    expect(second).toMatchObject({ outcome: 'unfinished', code: 1, failed: [] });
    expect(slugs(second.failedElsewhere)).toEqual([poisoned!.slug]);
    expect(await first).toMatchObject({ outcome: 'unfinished', failed: [{ slug: poisoned!.slug }] });
    expect(await triesOfPoisoned()).toBe(1);
  });

  it('let --only try a shop that the other has failed on', async () => {
    const [poisoned, locked] = await fleet();
    await poison(poisoned!);
    await lock(locked!);
    const first = migrate();
    await untilTrue(async () => (await attemptsOn(poisoned!)) === 1);
    await sql('DELETE FROM public.poisoned'); // repaired
    const second = await migrate('--only', poisoned!.slug);
    await reader.end();
    expect(second).toMatchObject({ outcome: 'done', code: 0, migrated: 1 });
    expect((await first).migrated).toBe(SHOPS - 1);
  });

  it('do not go beyond a canary that the other has failed on', async () => {
    const [poisoned, locked, ...rest] = await fleet();
    await poison(poisoned!);
    await lock(locked!);
    const first = migrate('--canary', `${poisoned!.slug},${locked!.slug}`);
    await untilTrue(async () => (await attemptsOn(poisoned!)) === 1);
    const second = await migrate('--canary', poisoned!.slug, '--waves', '50');
    await reader.end();
    expect([second.outcome, second.migrated]).toEqual(['stopped', 0]);
    await first;
    expect(at(VERSION, await fleet()).filter((slug) => slugs(rest).includes(slug))).toEqual([]);
  });

  it('end at the error budget of both together', async () => {
    const [locked, ...others] = await fleet();
    const poisoned = others.slice(0, 3);
    await lock(locked!);
    for (const shop of poisoned) await poison(shop);
    const first = migrate('--only', [locked!, ...poisoned.slice(1)].map(({ slug }) => slug).join(','));
    await untilTrue(async () => (await attemptsOn(poisoned[1]!)) + (await attemptsOn(poisoned[2]!)) === 2);
    const second = await migrate('--error-budget', '3', '--patience', '0');
    await reader.end();
    expect(second).toMatchObject({ outcome: 'stopped', reason: '3 tenants failed' });
    expect((await first).failed).toHaveLength(2);
  });
});
