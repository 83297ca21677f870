import fc from 'fast-check';
import { anyCatalogue } from '../../support/any-catalogue';
import { anyDay, type AnyStep } from '../../support/any-day';
import { created, newOwner, newShop, type Owner } from '../../support/factories';
import { backUp, restore, rowsOf, undoRestore, useBackupFolder } from '../../support/lifecycle';
import { openSteppedShop } from '../../support/open-stepped-shop';
import { type SteppedShop, take } from '../../support/shop-steps';
import { RESTORES } from '../../support/sizes';
import { useTestApp } from '../../support/test-app';

type Rows = Record<string, string[]>;

const app = useTestApp();
const folder = useBackupFolder();
let owner: Owner;
let bystander: SteppedShop;
let bystanderId: string;

beforeAll(async () => {
  owner = await newOwner(app.api);
  bystander = await openSteppedShop(app, owner);
  bystanderId = owner.shop.id;
});

const isDone = { state: 'done', code: undefined };
let slugs = 0;

/** Each way to restore a file of the shop. All get what the shop had in the backup and what it has now. */
const WAYS: Record<
  string,
  (file: string, id: string, saved: Rows, later: Rows, some: number) => Promise<void>
> = {
  async 'as a new shop'(file, id, saved, later) {
    const restored = await restore(app, { file, as: `restored-${++slugs}` });
    expect(restored).toMatchObject(isDone);
    expect(await rowsOf(app, restored.id)).toEqual(saved);
    expect(await rowsOf(app, id)).toEqual(later);
  },
  async 'over the shop, undone and repeated'(file, id, saved, later) {
    expect(await restore(app, { file, over: id })).toMatchObject(isDone);
    expect(await rowsOf(app, id)).toEqual(saved);
    await undoRestore(app, id);
    expect(await rowsOf(app, id)).toEqual(later);
    await undoRestore(app, id);
    expect(await rowsOf(app, id)).toEqual(saved);
  },
  async 'single tables'(file, id, saved, later, some) {
    const names = Object.keys(saved).toSorted();
    const tables = names.filter((_, i) => ((some >> i) & 1) === 1);
    if (tables.length === 0) tables.push('imports');
    const restored = await restore(app, { file, over: id, tables });
    const kept = { counters: later['counters']! }; // no counter goes back: its numbers are given out
    const restoredRows = Object.fromEntries(tables.map((name) => [name, saved[name]!]));
    const expected = { ...later, ...restoredRows, ...kept };
    if (restored.state === 'done') expect(await rowsOf(app, id)).toEqual(expected);
    else {
      expect(restored).toMatchObject({ state: 'failed', code: 'RESTORE_CONFLICT' });
      expect(await rowsOf(app, id)).toEqual(later);
    }
    expect(await restore(app, { file, over: id, tables: names })).toMatchObject(isDone); // all of them never conflict
    expect(await rowsOf(app, id)).toEqual({ ...saved, ...kept });
  },
};

/** Backs up, changes the shop, restores in one way; another shop is written to meanwhile, and has only that. */
async function assertRestores(
  way: string,
  id: string,
  more: () => Promise<unknown>,
  some: number,
): Promise<void> {
  const saved = await rowsOf(app, id);
  const file = await backUp(app, folder.path, id);
  await more();
  const later = await rowsOf(app, id);
  created(await bystander.api.post('products', { name: 'of another', priceMinor: 1, stock: 1 }));
  const other = await rowsOf(app, bystanderId);
  await WAYS[way]!(file, id, saved, later, some); // a key of it
  expect(await rowsOf(app, bystanderId)).toEqual(other);
}

const someTables = fc.integer({ min: 0, max: 2 ** 20 });

describe.each(Object.keys(WAYS))('a backup restored %s', (way) => {
  it('has the rows of the backup, after any day in the shop before and after it', async () => {
    const day = anyDay(RESTORES.steps);
    const property = fc.asyncProperty(day, day, someTables, async (before, after, some) => {
      owner = await newShop(owner);
      const shop = await openSteppedShop(app, owner);
      const go = async (steps: AnyStep[]) => {
        for (const step of steps) await take(step, shop);
      };
      await go(before);
      await assertRestores(way, owner.shop.id, () => go(after), some);
      expect((await shop.api.get('orders')).status).toBe(200);
      created(await shop.api.post('products', { name: 'after it', priceMinor: 1, stock: 1 }));
    });
    await fc.assert(property, { numRuns: RESTORES.runs, seed: RESTORES.seed });
  }, 600_000);

  it('has the rows of the backup, with any catalogue before and after it', async () => {
    const property = fc.asyncProperty(anyCatalogue, anyCatalogue, someTables, async (before, after, some) => {
      owner = await newShop(owner);
      const { api, shop } = owner;
      for (const product of before) created(await api.post('products', product));
      const more = async () => {
        const { items } = (await api.get('products?limit=5')).body as { items: { id: string }[] };
        for (const { id } of items) await api.delete(`products/${id}`);
        for (const product of after) await api.post('products', product);
      };
      await assertRestores(way, shop.id, more, some);
    });
    await fc.assert(property, { numRuns: RESTORES.runs, seed: RESTORES.seed });
  }, 600_000);
});
