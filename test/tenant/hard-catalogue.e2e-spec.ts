import type { Answer, Api } from '../support/api';
import { newOwner } from '../support/factories';
import { type ExpectedProduct, makeHardCatalogue } from '../support/hard-catalogue';
import { Random } from '../support/random';
import { size } from '../support/sizes';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
const ROWS = size('CATALOGUE_ROWS', 2000, 25_000);
const SEED = size('CATALOGUE_SEED', Date.now() % 1_000_000, Date.now() % 1_000_000);

const send = (api: Api, csv: string): Promise<Answer> =>
  api.raw('POST', 'products/import?mode=skip', csv, { 'content-type': 'text/csv' });

const exported = async (api: Api): Promise<string> => (await api.get('products/export')).body;

/** Fields of a product that the file gives, in an order that does not depend on that of its rows. */
// oxlint-disable-next-line typescript/no-explicit-any -- see Answer.body
function comparable(product: any): ExpectedProduct {
  const { handle, name, description, vendor, tags, status, attributes, options, images, variants } = product;
  const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  return {
    ...{ handle, name, description, vendor, tags, status, attributes },
    options: options.map((option: { name: string; values: string[] }) => ({
      name: option.name,
      values: option.values.toSorted((a, b) => (a < b ? -1 : 1)),
    })),
    images: images.map((image: string | { src: string }) => (typeof image === 'string' ? image : image.src)),
    variants: variants
      .map((variant: ExpectedProduct['variants'][number]) => ({
        ...{ optionValues: variant.optionValues, sku: variant.sku, priceMinor: variant.priceMinor },
        ...{ compareAtMinor: variant.compareAtMinor, stock: variant.stock, tracksStock: variant.tracksStock },
        ...{ sellsWhenOut: variant.sellsWhenOut, barcode: variant.barcode, taxable: variant.taxable },
      }))
      .toSorted(byText),
  };
}

async function productsOf(api: Api): Promise<ExpectedProduct[]> {
  const items = [];
  for (let cursor = ''; ;) {
    const { body } = await api.get(`products?limit=100${cursor}`);
    items.push(...body.items.map(comparable));
    if (body.nextCursor === null) return items;
    cursor = `&cursor=${body.nextCursor}`;
  }
}

const byHandle = (products: readonly ExpectedProduct[]) =>
  products.map(comparable).toSorted((a, b) => (a.handle < b.handle ? -1 : 1));

describe(`a catalogue of ${ROWS} rows with all difficulties mixed (seed ${SEED})`, () => {
  const catalogue = makeHardCatalogue(new Random(SEED), ROWS);
  let api: Api;
  let answer: Answer;

  beforeAll(async () => {
    ({ api } = await newOwner(app.api));
    answer = await send(api, catalogue.csv);
  });

  it('is stored or named, row by row', async () => {
    expect(answer.status).toBe(200);
    const { rows, skippedRows, errors, warnings, products } = answer.body;
    expect([rows, skippedRows, warnings]).toEqual([catalogue.rows, catalogue.problems.length, []]);
    const named = errors.map(({ row, code }: { row: number; code: string }) => `${row} ${code}`);
    expect(named.toSorted()).toEqual(catalogue.problems.toSorted());
    expect(products.created).toBe(catalogue.products.length);
  });

  it('is in the shop as the file says it', async () => {
    expect(byHandle(await productsOf(api))).toEqual(byHandle(catalogue.products));
  });

  it('does not change when it is imported again, nor by the export of the shop', async () => {
    const again = await send(api, catalogue.csv);
    expect(again.body).toMatchObject({
      products: { created: 0, updated: 0 },
      variants: { created: 0, updated: 0 },
    });
    const csv = await exported(api);
    expect((await send(api, csv)).body).toMatchObject({
      ...{ errors: [], products: { created: 0, updated: 0, unchanged: catalogue.products.length } },
    });
    expect(await exported(api)).toBe(csv);
  });

  it('is the same file after an export, an import into another shop and another export', async () => {
    const csv = await exported(api);
    const other = (await newOwner(app.api)).api;
    expect((await send(other, csv)).body).toMatchObject({ errors: [], notStored: [], warnings: [] });
    expect(await exported(other)).toBe(csv);
  });

  it('can be undone', async () => {
    expect((await api.post(`imports/${answer.body.importId}/undo`)).status).toBe(200);
    expect(await productsOf(api)).toEqual([]);
  });
});
