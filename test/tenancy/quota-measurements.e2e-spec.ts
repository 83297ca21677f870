import { setTimeout as sleep } from 'node:timers/promises';
import { newOwner, type Owner } from '../support/factories';
import { CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';

const MEASURED_MS = 300;
const app = useTestApp({}, { times: { ...CACHE_TIMES, usageCacheMs: MEASURED_MS } });

const CSV = 'Handle,Title,Variant Price\nmug,Mug,5\n';
const addTo = ({ api }: Owner) => api.post('customers', { name: 'Ada' });
const importTo = ({ api }: Owner) =>
  api.raw('POST', 'products/import', CSV as never, { 'content-type': 'text/csv' });
const setRows = ({ shop }: Owner, rows: number) =>
  app.database.query('UPDATE shops SET limits = $2 WHERE id = $1', [shop.id, JSON.stringify({ rows })]);

/** When the shop was last measured, as PostgreSQL writes it. */
async function measuredAt({ shop }: Owner): Promise<string | undefined> {
  const sql = 'SELECT measured_at::text AS at FROM shop_usage WHERE shop_id = $1';
  return (await app.database.query<{ at: string }>(sql, [shop.id]))[0]?.at;
}

/** Adds to the shop once its measurement is as old as one may be. @returns true if it was measured again */
async function isMeasuredBy(
  add: (owner: Owner) => Promise<{ status: number }>,
  owner: Owner,
): Promise<boolean> {
  await sleep(MEASURED_MS + 50);
  const before = await measuredAt(owner);
  expect(Math.floor((await add(owner)).status / 100)).toBe(2);
  return (await measuredAt(owner)) !== before;
}

describe('measurements of a shop', () => {
  it('are few while it has much room, except before an import and after one', async () => {
    const owner = await newOwner(app.api);
    await addTo(owner);
    expect(await isMeasuredBy(addTo, owner)).toBe(false);
    expect(await isMeasuredBy(importTo, owner)).toBe(true);
    expect(await isMeasuredBy(addTo, owner)).toBe(true);
    expect(await isMeasuredBy(addTo, owner)).toBe(false);
  });

  it('come again when the requests since could have used half of the room', async () => {
    const owner = await newOwner(app.api);
    await setRows(owner, 46_000); // nine requests of five thousand rows: the fifth after a measurement is the last that trusts it
    const measured: number[] = [];
    for (let request = 1; request <= 12; request++)
      if (await isMeasuredBy(addTo, owner)) measured.push(request);
    expect(measured).toEqual([1, 6, 11]);
  });
});
