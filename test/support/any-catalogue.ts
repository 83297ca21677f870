import fc from 'fast-check';
import { anyText, stored } from './any-text';

/** Body of POST /products. */
export type AnyProduct = Record<string, unknown>;

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const nullable = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const distinct = (texts: fc.Arbitrary<string>, minLength: number, maxLength: number) =>
  fc.uniqueArray(texts, { minLength, maxLength, selector: stored });

const amount = fc.oneof(
  fc.integer({ min: 0, max: 20_000 }),
  fc.constantFrom(0, 1, 9, 10, 99, 100, 999, 1000, 100_000_000_000),
);
const stock = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(0, 1_000_000_000));
const code = fc.oneof(
  anyText(255),
  fc.constantFrom('SHARED', '0112', "'0112", "''0112", '=A1', '+1', '-1', '@x', '0850064060010'),
);
const url = fc
  .tuple(
    fc.constantFrom('http', 'https', 'HTTPS'),
    fc.webPath(),
    fc.constantFrom('', '?a=1,2', '#"x"', '/ü b'),
  )
  .map(([scheme, path, rest]) => `${scheme}://images.example.com${path}${rest}`);

/** JSON bodies may not have fields with the names of an object's own. */
const isKey = (text: string) => !(stored(text) in Object.prototype) && stored(text) !== 'prototype';
const optionName = anyText(255).filter(isKey);

const PRODUCT_COLUMNS = ['Product Category', 'SEO Title', 'Gift Card', 'Option1 Linked To'];
const VARIANT_COLUMNS = [
  'Variant Tax Code',
  'Variant Fulfillment Service',
  'Price / Canada',
  'Unit Price Base Measure',
];
const METAFIELDS = ['Fabric (product.metafields.custom.fabric)', 'Care (variant.metafields.custom.care)'];
/** Names that a reader of the file could take for something else. */
const CONFUSING = [
  'Handle',
  'Title',
  'sku',
  'Price',
  'Currency',
  'Published',
  'Option1 Value',
  'seo title',
  'column 3',
];
const attributeName = fc
  .oneof(fc.constantFrom(...PRODUCT_COLUMNS, ...VARIANT_COLUMNS, ...METAFIELDS, ...CONFUSING), anyText(255))
  .filter((name) => isKey(name));
const attributeText = fc.oneof(anyText(300), fc.constantFrom('false', 'FALSE', 'manual', 'true', '0'));
const attributes = fc
  .uniqueArray(fc.tuple(attributeName, attributeText), { maxLength: 4, selector: ([name]) => stored(name) })
  .map((entries) => Object.fromEntries(entries));

const image = fc.record(
  {
    src: url,
    position: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(9999, 10_000)),
    alt: nullable(anyText(1000)),
  },
  { requiredKeys: ['src'] },
);

/** Stock is below 0 only where that is allowed. */
const stockFields = fc
  .record({ stock, tracksStock: fc.boolean(), sellsWhenOut: fc.boolean(), isBelow: fc.boolean() })
  .map(({ stock: units, isBelow, ...rest }) => ({
    ...rest,
    stock: isBelow && (rest.sellsWhenOut || !rest.tracksStock) ? -units : units,
  }));
const variantFields = fc
  .record(
    {
      ...{
        sku: nullable(code),
        barcode: nullable(code),
        priceMinor: amount,
        compareAtMinor: nullable(amount),
      },
      ...{
        costMinor: nullable(amount),
        grams: fc.constantFrom(0, 7, 1_000_000_000),
        imageSrc: nullable(url),
      },
      ...{ requiresShipping: fc.boolean(), taxable: fc.boolean(), attributes },
    },
    { requiredKeys: [] },
  )
  .chain((fields) => maybe(stockFields).map((units) => ({ ...fields, ...units })));

interface Option {
  name: string;
  values: string[];
}

const meansNoOptions = ([first, second]: Option[]) =>
  second === undefined && first?.name === 'Title' && first.values.includes('Default Title');
const optionsUpTo = (count: number) =>
  distinct(optionName, 1, count)
    .chain((names) =>
      fc.tuple(...names.map((name) => distinct(anyText(255), 1, 3).map((values) => ({ name, values })))),
    )
    .filter((options) => !meansNoOptions(options));

/** Variants that differ in one to ten options, and the options in another order, some with values that no variant has. */
const variantsAndOptions = fc
  .oneof({ weight: 6, arbitrary: optionsUpTo(3) }, { weight: 1, arbitrary: optionsUpTo(10) })
  .chain((options) => {
    const combination = fc.tuple(...options.map(({ values }) => fc.nat(values.length - 1)));
    return fc.record({
      variants: fc
        .uniqueArray(combination, { minLength: 1, maxLength: 5, selector: String })
        .chain((chosen) =>
          fc.tuple(
            ...chosen.map((places) =>
              variantFields.map((fields) => ({
                ...fields,
                optionValues: Object.fromEntries(
                  options.map(({ name, values }, i) => [name, values[places[i]!]!]),
                ),
              })),
            ),
          ),
        ),
      options: maybe(
        fc
          .shuffledSubarray(options, { minLength: options.length })
          .chain((shuffled) =>
            fc.tuple(
              ...shuffled.map(({ name, values }) =>
                fc
                  .shuffledSubarray(values, { minLength: values.length })
                  .map((mixed) => ({ name, values: mixed })),
              ),
            ),
          ),
      ),
    });
  });

const fields = fc.record(
  {
    description: fc.oneof(anyText(2000), fc.constantFrom('', ' ', ' <p>a</p>\n')),
    currency: fc.constantFrom('EUR', 'JPY', 'KWD', 'CLF', 'usd'),
    status: fc.constantFrom('draft', 'active', 'unlisted', 'archived'),
    vendor: fc.oneof(anyText(255), fc.constant('')),
    type: fc.oneof(anyText(255), fc.constant('')),
    tags: distinct(
      anyText(255).filter((tag) => !tag.includes(',')),
      0,
      4,
    ),
    images: fc.array(image, { maxLength: 4 }),
    attributes,
  },
  { requiredKeys: [] },
);
const onlyVariant = fc.record({ sku: nullable(code), stock }, { requiredKeys: [] });

/** Anything that POST /products accepts, except that it is small. */
const product = fc
  .tuple(
    ...([anyText(255), maybe(anyText(200)), amount, fields] as const),
    fc.oneof(
      onlyVariant,
      variantsAndOptions,
      variantFields.map((fieldsOf) => ({ variants: [fieldsOf] })),
    ),
  )
  .map(([name, handle, priceMinor, common, units]) => ({ name, handle, priceMinor, ...common, ...units }));

export const anyCatalogue: fc.Arbitrary<AnyProduct[]> = fc
  .array(product, { minLength: 1, maxLength: 5 })
  .map((products) =>
    products.map(({ handle, ...rest }, i) =>
      handle === undefined ? rest : { ...rest, handle: `${handle}-${i}` },
    ),
  );
