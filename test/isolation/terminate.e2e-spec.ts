import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { withClient } from '../support/database';
import { KIT } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { randomFrom } from '../support/random';
import { assertClean, type LoadReport, printLoad, runLoad } from './load';
import { type KitShop, openShops } from './shops';

const CUT = ['503 DATABASE_UNAVAILABLE'];
const SHOPS = 20;
const app = useTestApp({ TENANT_POOL_SIZE: '10' });

/** Terminates random connections of the application at random intervals. @returns their number */
async function cutConnections(
  superuser: Client,
  times: number,
  seconds: number,
  random: () => number,
): Promise<number> {
  let cut = 0;
  for (let i = 0; i < times; i++) {
    await sleep(((seconds * 1000) / times) * (0.5 + random()));
    const { rows } = await superuser.query<{ ended: boolean }>(
      `SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
       WHERE usename = ANY($1) ORDER BY state = 'active' DESC, random() LIMIT 1`,
      [[`${app.database.name}_tenant`, `${app.database.name}_public`]],
    );
    if (rows[0]?.ended) cut++;
  }
  return cut;
}

async function loadWhileCut(shops: KitShop[]): Promise<{ report: LoadReport; cut: number }> {
  let over = false;
  const options = { ...KIT, url: app.url, shops, requests: Infinity, isOver: () => over, tolerated: CUT };
  const load = runLoad(options);
  const cut = await withClient(app.database.url, (client) =>
    cutConnections(client, KIT.kills, KIT.seconds, randomFrom(KIT.seed)),
  ).finally(() => (over = true));
  const report = await load;
  printLoad(`${cut} connections cut`, options, report);
  return { report, cut };
}

describe('connections that are cut at random moments', () => {
  it(
    'fail only the requests that used them',
    async () => {
      const shops = await openShops(app.api, Math.min(SHOPS, KIT.shops));
      const { report, cut } = await loadWhileCut(shops);
      assertClean(report);
      expect(cut).toBeGreaterThan(KIT.kills / 2);
      const refused = report.answers[CUT[0]!] ?? 0; // the list has one entry
      expect(refused).toBeLessThan(cut * 3); // the next request on a broken connection may fail too
      const after = { ...KIT, url: app.url, shops, requests: 200 };
      const calm = await runLoad(after);
      printLoad('afterwards', after, calm);
      assertClean(calm);
      expect(calm.answers['503 DATABASE_UNAVAILABLE']).toBeUndefined();
    },
    KIT.seconds * 1000 + 120_000,
  );
});
