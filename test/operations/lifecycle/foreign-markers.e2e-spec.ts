import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { newOrder, newOwner, newProduct, newShop, type Owner } from '../../support/factories';
import { backUp, restore, rowsOf, useBackupFolder } from '../../support/lifecycle';
import { KIT } from '../../support/sizes';
import { useTestApp } from '../../support/test-app';
import { foreignMarkers, newMarker } from '../../isolation/markers';

/** Shops that are backed up and restored, one after the other, while all others are written to. */
const RESTORED = 2;
const WRITERS = 4;

interface Marked extends Owner {
  marker: string;
}

const app = useTestApp();
const folder = useBackupFolder();
const shops: Marked[] = [];

async function sell({ api, marker }: Marked, n: number): Promise<void> {
  const { id } = await newProduct(api, {
    name: `Thing ${n} ${marker}`,
    sku: `${marker}-${n}`,
    description: marker,
    tags: [`tag ${marker}`],
  });
  await newOrder(api, id);
}

beforeAll(async () => {
  const open = async () => {
    let owner = await newOwner(app.api);
    while (shops.length < KIT.shops) {
      const shop: Marked = { ...owner, marker: newMarker() };
      shops.push(shop);
      owner = await newShop(owner);
      await sell(Object.assign(shop, owner), 0);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, open));
}, 600_000);

it('a backup and a restored shop hold nothing of the shops that are written to meanwhile', async () => {
  const chosen = shops.slice(0, RESTORED);
  const others = shops.slice(RESTORED);
  let isOver = false;
  let written = 0;
  const writing = Array.from({ length: WRITERS }, async (_, writer) => {
    for (let n = writer; !isOver; n += WRITERS) {
      await sell(others[n % others.length]!, n + 1); // throws for any answer but 201
      written++;
    }
  });
  try {
    for (const shop of chosen) {
      const { marker } = shop;
      const saved = await rowsOf(app, shop.shop.id);
      const file = await backUp(app, folder.path, shop.shop.id);
      const content = gunzipSync(readFileSync(file)).toString('utf8');
      expect(content).toContain(marker);
      expect(foreignMarkers(content, marker)).toEqual([]);
      const begun = written;
      const restored = await restore(app, { file, as: `again-${marker}` });
      expect(restored).toMatchObject({ state: 'done' });
      expect(written).toBeGreaterThan(begun); // nobody waited for the restore
      const rows = await rowsOf(app, restored.id);
      expect(rows).toEqual(saved);
      expect(foreignMarkers(JSON.stringify(rows), marker)).toEqual([]);
      const before = JSON.stringify(await rowsOf(app, shop.shop.id));
      expect(await restore(app, { file, over: shop.shop.id })).toMatchObject({ state: 'done' });
      expect(JSON.stringify(await rowsOf(app, shop.shop.id))).toBe(before);
    }
  } finally {
    isOver = true;
    await Promise.all(writing);
  }
  for (const { shop, marker } of others)
    expect(foreignMarkers(JSON.stringify(await rowsOf(app, shop.id)), marker)).toEqual([]);
}, 600_000);
