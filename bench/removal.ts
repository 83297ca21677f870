import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Env } from '../src/config/env';
import { adminOf, type Installation } from '../src/database/installation';
import { withClient } from '../src/database/with-client';
import { TenantLocator } from '../src/tenancy/tenant-locator';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { startApi } from './lib/api';
import { CLI } from './lib/cli';
import { countArgument, print, start } from './lib/command';
import { environmentOf } from './lib/environment';
import { makeFleet } from './lib/fleet';
import { describeSetup } from './lib/machine';
import { report, resultOf } from './lib/results';
import { quantile } from './lib/rounds';
import { withServer } from './lib/server';

/**
 * Logins while shops of many tables are removed: `npm run bench:removal -- 300 6` with the numbers of tables and of shops. Fifty
 * people log in again and again and others register, before and during `shops:delete --now` of one shop after the other.
 */
const TABLES = countArgument(1, 300);
const SHOPS = countArgument(2, 6);
const PEOPLE = 50;
/** A login costs 20 to 30 ms of processor time, so that fifty people at this pace leave half of a core. */
const PAUSE_MS = 3000;
const REGISTER_PAUSE_MS = 1000;
const QUIET_SECONDS = 30;
/** Tables that one message makes: each needs locks until its transaction ends. */
const TABLES_AT_ONCE = 20;
const PASSWORD = 'correct horse battery';

start(() =>
  withServer(async (installation, env) => {
    const setup = await describeSetup(adminOf(installation).bootstrapUrl);
    const ids = await makeFleet(installation, await TenantMigrations.load(), SHOPS);
    for (const id of ids) await addTables(installation, id);
    const api = await startApi(installation, env, {
      NEW_SHOPS_PER_HOUR: '100000',
      LOGIN_ATTEMPTS_PER_ADDRESS: '100000',
      LOGIN_ATTEMPTS_PER_ACCOUNT: '100000',
      LOGIN_ATTEMPTS_PER_DAY: '100000',
    });
    const people = new People(api.ready);
    await people.start();
    await sleep(QUIET_SECONDS * 1000);
    const quiet = people.times.splice(0);
    const started = performance.now();
    for (const i of ids.keys()) await removeShop(installation, env, `shop-${i}`);
    const took = (performance.now() - started) / 1000;
    const during = people.times.splice(0);
    await people.stop();
    await api.stop();
    print(`${SHOPS} shops of ${TABLES} more tables removed in ${took.toFixed(1)} s`);
    print(`${quiet.length + during.length} logins, ${people.errors} requests failed`);
    if (people.errors > 0) throw new Error('a request failed');
    const what = `p99 of ${during.length} logins of ${PEOPLE} people while shops of ${TABLES} tables are removed; floor: before`;
    const rounds = [{ value: quantile(during, 0.99), floor: quantile(quiet, 0.99) }];
    report('removal', [
      resultOf(setup, { name: 'removal.p99', what, unit: 'ms', bar: { of: 'ratio', most: 1.5 } }, rounds),
    ]);
  }),
);

async function addTables(installation: Installation, shopId: string): Promise<void> {
  const { schema } = new TenantLocator().locate(shopId);
  const { bootstrapUrl } = adminOf(installation);
  for (let first = 0; first < TABLES; first += TABLES_AT_ONCE) {
    const numbers = Array.from({ length: Math.min(TABLES_AT_ONCE, TABLES - first) }, (_, i) => first + i);
    const tables = numbers.map(
      (i) => `CREATE TABLE extra_${i} (id uuid PRIMARY KEY, label text NOT NULL, hub uuid REFERENCES extra_0);
        CREATE INDEX ON extra_${i} (label); CREATE INDEX ON extra_${i} (hub);`,
    );
    await withClient(bootstrapUrl, 'bench', (client) =>
      client.exec(
        `SET ROLE "${installation.roles.owner}"; SET search_path = ${schema}; ${tables.join('\n')}`,
      ),
    );
  }
}

async function removeShop(installation: Installation, env: Env, slug: string): Promise<void> {
  const args = ['shops:delete', slug, '--now', '--no-archive', '--confirm', slug, '--json'];
  await promisify(execFile)(process.execPath, [...CLI, ...args], {
    env: { ...environmentOf(installation, env), LOG_LEVEL: 'warn' },
  });
}

/** Fifty accounts that log in at a person's pace, and one after the other new ones. */
class People {
  readonly times: number[] = [];
  errors = 0;
  private isOver = false;
  private running: Promise<unknown> = Promise.resolve();

  constructor(private readonly url: string) {}

  async start(): Promise<void> {
    const emails = Array.from({ length: PEOPLE }, (_, i) => `person-${i}@example.com`);
    for (const email of emails) await this.register(email);
    this.running = Promise.all([...emails.map((email) => this.keepLoggingIn(email)), this.keepRegistering()]);
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await this.running;
  }

  private async keepLoggingIn(email: string): Promise<void> {
    await sleep(Math.random() * PAUSE_MS);
    while (!this.isOver) {
      const started = performance.now();
      await this.post('auth/login', { email, password: PASSWORD });
      this.times.push(performance.now() - started);
      await sleep(PAUSE_MS);
    }
  }

  private async keepRegistering(): Promise<void> {
    for (let i = 0; !this.isOver; i++) {
      await this.register(`new-${i}@example.com`);
      await sleep(REGISTER_PAUSE_MS);
    }
  }

  private register(email: string): Promise<void> {
    return this.post('auth/register', { email, password: PASSWORD, shop: { name: 'Bench' } });
  }

  private async post(route: string, body: object): Promise<void> {
    const answer = await fetch(`${this.url}/api/v1/${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    await answer.arrayBuffer();
    if (!answer.ok) this.errors++;
  }
}
