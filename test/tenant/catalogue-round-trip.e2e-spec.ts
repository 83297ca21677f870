import fc from 'fast-check';
import { type AnyProduct, anyCatalogue } from '../support/any-catalogue';
import type { Api } from '../support/api';
import { created, newOwner, newShop, type Owner } from '../support/factories';
import { ROUND_TRIP } from '../support/sizes';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
let owner: Owner;

beforeAll(async () => {
  owner = await newOwner(app.api);
});

/** Columns by the names that Shopify documents since 2024; the others kept theirs. */
const NEW_NAMES: Record<string, string> = {
  ...{ Handle: 'URL handle', 'Body (HTML)': 'Description', Published: 'Published on online store' },
  ...{ 'Variant SKU': 'SKU', 'Variant Barcode': 'Barcode', 'Variant Price': 'Price' },
  ...{ 'Variant Compare At Price': 'Compare-at price', 'Variant Taxable': 'Charge tax' },
  ...{ 'Variant Inventory Tracker': 'Inventory tracker', 'Variant Inventory Qty': 'Inventory quantity' },
  ...{
    'Variant Inventory Policy': 'Continue selling when out of stock',
    'Variant Grams': 'Weight value (grams)',
  },
  ...{
    'Variant Requires Shipping': 'Requires shipping',
    'Variant Fulfillment Service': 'Fulfillment service',
  },
  ...{
    'Image Src': 'Product image URL',
    'Image Position': 'Image position',
    'Image Alt Text': 'Image alt text',
  },
  ...{
    'Variant Image': 'Variant image URL',
    'Option1 Name': 'Option1 name',
    'Option1 Value': 'Option1 value',
  },
};

const MEANS_NONE = new Set(['Gift Card=false', 'Variant Fulfillment Service=manual']);

const withNewNames = (csv: string): string => {
  const [header = '', ...rest] = csv.split('\n');
  const names = header.split(',').map((name) => NEW_NAMES[name] ?? name);
  return [names.join(','), ...rest].join('\n');
};

async function exported(api: Api): Promise<string> {
  const { status, body } = await api.get('products/export');
  expect(status).toBe(200);
  return body;
}

async function imported(api: Api, csv: string): Promise<unknown> {
  const { status, body } = await api.raw('POST', 'products/import', csv, { 'content-type': 'text/csv' });
  expect({ status, detail: body.detail, errors: body.errors }).toEqual({ status: 200, errors: [] });
  expect(body).toMatchObject({ skippedRows: 0, warnings: [], notStored: [] });
  return { products: body.products, variants: body.variants };
}

// oxlint-disable-next-line typescript/no-explicit-any -- see Answer.body
async function productsOf(api: Api): Promise<any[]> {
  const { status, body } = await api.get('products?limit=100');
  expect([status, body.nextCursor]).toEqual([200, null]);
  return body.items;
}

/** All that is equal in another shop: no ids, times, or attributes that mean no more than none (docs/exports.md). */
// oxlint-disable-next-line typescript/no-explicit-any
const comparable = ({ id: _id, createdAt: _created, updatedAt: _updated, variants, ...values }: any) => ({
  ...withMeaning(values),
  variants: variants.map(({ id: _variant, ...rest }: { id: string; attributes: Record<string, string> }) =>
    withMeaning(rest),
  ),
});

function withMeaning<T extends { attributes: Record<string, string> }>(values: T): T {
  const attributes = Object.entries(values.attributes).filter(
    ([name, text]) => !MEANS_NONE.has(`${name}=${text.toLowerCase()}`),
  );
  return { ...values, attributes: Object.fromEntries(attributes) };
}

async function assertRoundTrip(catalogue: readonly AnyProduct[], hasNewNames: boolean): Promise<void> {
  owner = await newShop(owner);
  const { api } = owner;
  for (const product of catalogue) created(await api.post('products', product));
  const before = await productsOf(api);
  const csv = await exported(api);
  const products = before.length;
  const variants = before.reduce((sum, product) => sum + product.variants.length, 0);
  expect(await imported(api, csv)).toEqual({
    products: { created: 0, updated: 0, unchanged: products },
    variants: { created: 0, updated: 0, unchanged: variants },
  });
  expect(await productsOf(api)).toEqual(before);
  owner = await newShop(owner, { currency: 'JPY' });
  const other = owner.api;
  expect(await imported(other, hasNewNames ? withNewNames(csv) : csv)).toEqual({
    products: { created: products, updated: 0, unchanged: 0 },
    variants: { created: variants, updated: 0, unchanged: 0 },
  });
  expect((await productsOf(other)).map(comparable)).toEqual(before.map(comparable));
  expect(await exported(other)).toBe(csv);
}

it('any catalogue is the same in another shop, and unchanged in its own, after an export and an import', async () => {
  await fc.assert(fc.asyncProperty(anyCatalogue, fc.boolean(), assertRoundTrip), {
    numRuns: ROUND_TRIP.runs,
    seed: ROUND_TRIP.seed,
  });
}, 600_000);
