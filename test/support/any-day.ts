import fc from 'fast-check';
import type { FileRow } from './shop-model';

const number = fc.nat(50);
/** Counted from the newest. */
const recent = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(5));
const few = { min: 1, max: 3 };
const quantity = fc.integer(few);
const stock = fc.integer({ min: -3, max: 8 });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });
/** Few amounts and units, so that limits are met often. */
const amountMinor = maybe(fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.constantFrom(200, 500, 700)));
const units = fc.array(
  fc.record({ position: fc.constantFrom(1, 1, 1, 2), quantity: fc.constantFrom(1, 1, 2, 3) }),
  {
    minLength: 1,
    maxLength: 2,
  },
);
const counted = {
  ...{ stock, tracksStock: fc.boolean(), sellsWhenOut: fc.boolean() },
  priceMinor: fc.constantFrom(0, 200, 700),
};

const orderStep = fc.record({
  action: fc.constant('order' as const),
  lines: fc.array(fc.record({ variant: number, quantity }), { minLength: 1, maxLength: 3 }),
  email: maybe(fc.constantFrom('ada@example.com', 'grace@example.com')),
});
const payStep = fc.record({ action: fc.constant('pay' as const), order: recent, amountMinor });
const fulfilStep = fc.record({ action: fc.constant('fulfil' as const), order: recent, lines: maybe(units) });
const cancelStep = fc.record({
  ...{
    action: fc.constant('cancel' as const),
    order: recent,
    lines: maybe(units),
    restock: maybe(fc.boolean()),
  },
});
/** With units, the amount is compulsory. */
const refundStep = fc.oneof(
  fc.record({
    ...{ action: fc.constant('refund' as const), order: recent, amountMinor },
    ...{ lines: fc.constant(undefined), restock: fc.constant(undefined) },
  }),
  fc.record({
    ...{ action: fc.constant('refund' as const), order: recent, amountMinor: fc.nat(3000) },
    ...{ lines: units, restock: maybe(fc.boolean()) },
  }),
);
const stockStep = fc.record({
  ...{ action: fc.constant('stock' as const), variant: number, delta: fc.integer({ min: -5, max: 5 }) },
  isReturn: maybe(fc.boolean()),
});
const variantStep = fc.record({
  ...{ action: fc.constant('variant' as const), variant: number },
  values: fc.record(counted, { requiredKeys: [] }),
});
const productStep = fc.record({ action: fc.constant('product' as const), product: number, stock });
const bulkStep = fc.record({
  action: fc.constant('bulk' as const),
  items: fc.array(fc.record({ variant: number, isDelta: fc.boolean(), value: stock }), {
    ...{ minLength: 1, maxLength: 3 },
  }),
});
const removeVariantStep = fc.record({ action: fc.constant('removeVariant' as const), variant: number });
const removeProductStep = fc.record({ action: fc.constant('removeProduct' as const), product: number });
const named = fc.constantFrom(
  ...[
    { handle: 'mug', size: null },
    { handle: 'book', size: null },
    { handle: 'cup', size: null },
  ],
  ...[
    { handle: 'tee', size: 'S' },
    { handle: 'tee', size: 'M' },
    { handle: 'tee', size: 'L' },
  ],
);
const COLUMNS: (keyof typeof counted)[] = ['stock', 'tracksStock', 'sellsWhenOut', 'priceMinor'];
const importStep = fc
  .record({
    columns: fc.oneof(fc.subarray(COLUMNS), fc.subarray(COLUMNS, { minLength: 1, maxLength: 1 })),
    rows: fc.uniqueArray(fc.tuple(named, fc.record(counted)), {
      ...{ minLength: 1, maxLength: 3, selector: ([{ handle, size }]) => `${handle} ${size}` },
    }),
  })
  .map(({ columns, rows }) => ({
    action: 'import' as const,
    columns,
    rows: rows.map(([of, values]): FileRow => {
      return { ...of, ...Object.fromEntries(columns.map((column) => [column, values[column]])) };
    }),
  }));
const undoStep = fc.record({ action: fc.constant('undo' as const), import: recent });

export const orderChange = fc.oneof(payStep, fulfilStep, cancelStep, refundStep);
const stockChange = fc.oneof(orderStep, stockStep, variantStep, productStep, bulkStep);
const removal = fc.oneof(removeVariantStep, removeProductStep);
const whole = { order: 0, amountMinor: undefined, lines: undefined };
const ALL_PAID = { ...whole, action: 'pay' as const };
const ALL_FULFILLED = { ...whole, action: 'fulfil' as const };

/** A file that lets variants sell below 0, and changes that may do so: an undo must not leave that. */
const loosening = fc
  .constantFrom<['tracksStock', boolean] | ['sellsWhenOut', boolean]>(
    ['tracksStock', false],
    ['sellsWhenOut', true],
  )
  .map(([column, value]) => ({
    action: 'import' as const,
    columns: [column, 'priceMinor' as const],
    rows: [
      { handle: 'mug', size: null, [column]: value, priceMinor: 700 },
      { handle: 'tee', size: 'M', [column]: value, priceMinor: 700 },
    ],
  }));
const lowering = fc.oneof(
  fc.record({
    action: fc.constant('product' as const),
    product: fc.constant(0),
    stock: fc.integer({ min: -3, max: 1 }),
  }),
  fc.record({
    action: fc.constant('stock' as const),
    variant: number,
    delta: fc.integer({ min: -9, max: 0 }),
    isReturn: fc.constant(undefined),
  }),
);

/** Steps that lead somewhere together: steps by themselves seldom meet an order that is paid, or an import that can be undone. */
const episode = fc.oneof(
  { weight: 2, arbitrary: fc.array(fc.oneof(orderChange, stockChange), { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: removal.map((step) => [step]) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        orderStep,
        fc.subarray([ALL_PAID, ALL_FULFILLED]),
        fc.array(orderChange, { minLength: 1, maxLength: 4 }),
      )
      .map(([order, common, changes]) => [order, ...common, ...changes]),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        importStep,
        fc.array(fc.oneof({ weight: 5, arbitrary: stockChange }, removal), { maxLength: 2 }),
        undoStep,
      )
      .map((steps) => steps.flat()),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(orderStep, fc.array(refundStep, { minLength: 1, maxLength: 2 }))
      .map(([order, refunds]) => [order, ALL_PAID, ALL_FULFILLED, ...refunds]),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(loosening, fc.array(lowering, { minLength: 1, maxLength: 3 }))
      .map(([file, changes]) => [file, ...changes, { action: 'undo' as const, import: 0 }]),
  },
);

/** Requests of a day in a shop, about `count` of them. */
export const anyDay = (count: number) =>
  fc
    .array(episode, { minLength: 1, maxLength: Math.ceil(count / 3), size: 'max' })
    .map((episodes) => episodes.flat());

export type AnyStep = ReturnType<typeof anyDay> extends fc.Arbitrary<(infer Step)[]> ? Step : never;
export type StepOf<Action extends AnyStep['action']> = Extract<AnyStep, { action: Action }>;
