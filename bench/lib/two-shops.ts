import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { adminOf, type Installation } from '../../src/database/installation';
import { TenantMigrations } from '../../src/tenancy/tenant-migrations';
import { startApi } from './api';
import { fillShop } from './fill-shop';
import { makeFleet } from './fleet';
import { describeSetup, type Setup } from './machine';
import { PGBOUNCER, startPooler } from './pooler';
import { withServer } from './server';
import { steadyTimes } from './steady-client';
import { accessTokens } from './tokens';

const PAUSE_MS = 200;
const QUIET_PATH = '/api/v1/products?limit=20';
const QUIET_PRODUCTS = 100;
const WARM_SECONDS = 5;
const SERVER_CONNECTIONS = 20;

export interface TwoShops {
  setup: Setup;
  installation: Installation;
  /** URL of the API. */
  url: string;
  /** Shop that disturbs the other. */
  noisy: { id: string; token: string };
  /** Milliseconds of lists of 20 products of the quiet shop, five a second. @throws Error for an answer other than 200 */
  quietTimes: (seconds: number) => Promise<number[]>;
}

export interface TwoShopsOptions {
  /** Products of the noisy shop. */
  products: number;
  workers: number;
  /** Requests go through a PgBouncer in transaction mode. */
  isPooled: boolean;
}

/** Runs `work` beside an API with two shops of the standard plan. */
export function withTwoShops(
  { products, workers, isPooled }: TwoShopsOptions,
  work: (shops: TwoShops) => Promise<void>,
): Promise<void> {
  return withServer(async (installation, env) => {
    const { bootstrapUrl } = adminOf(installation);
    const setup = await describeSetup(bootstrapUrl);
    const ids = await makeFleet(installation, await TenantMigrations.load(), 2);
    const [noisyId, quietId] = ids as [string, string];
    await fillShop(installation, noisyId, products, 1000);
    await fillShop(installation, quietId, QUIET_PRODUCTS, 100);
    const pooler = isPooled ? await openPooler(bootstrapUrl) : undefined;
    const settings = { WORKERS: String(workers), ...(pooler && { POOLER_URL: pooler.url }) };
    const api = await startApi(installation, env, settings);
    const [noisyToken, quietToken] = (await accessTokens(installation, ids)) as [string, string];
    const quiet = { url: api.ready + QUIET_PATH, token: quietToken, everyMs: PAUSE_MS };
    const quietTimes = (seconds: number) => steadyTimes(quiet, seconds);
    await quietTimes(WARM_SECONDS); // connections and caches are warm
    try {
      const noisy = { id: noisyId, token: noisyToken };
      await work({ setup, installation, url: api.ready, noisy, quietTimes });
    } finally {
      await api.stop();
      await pooler?.stop();
    }
  });
}

function openPooler(url: string) {
  if (PGBOUNCER === undefined) throw new Error('PgBouncer is not installed');
  const folder = mkdtempSync(path.join(tmpdir(), 'stoa-pooler-'));
  chmodSync(folder, 0o755); // it may run under another account
  const database = { url, name: new URL(url).pathname.slice(1) };
  return startPooler(database, SERVER_CONNECTIONS, folder).catch((error: unknown) => {
    rmSync(folder, { recursive: true });
    throw error;
  });
}
