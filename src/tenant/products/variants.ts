import type { EntityManager } from 'typeorm';
import { invalidField } from '../../common/common.errors';
import { newId } from '../../common/ids';
import { recordChanges, type RowChange } from '../changes/record-changes';
import type { Author } from '../../tenancy/tenant';
import { withoutUndefined } from '../../common/without-undefined';
import { ProductVariant, type ProductWithVariants } from './product-variant.entity';
import { MAX_STOCK, type VariantInputDto } from './variants.dto';
import { ProductHasVariants, VariantNotFound } from './products.errors';
import { recordStock, type StockChanged, type StockOrigin } from './stock-ledger';

/** Limits the parameters of one statement; PostgreSQL accepts 65,535. */
const ROWS_A_STATEMENT = 500;

/** A variant to store. */
export type VariantRow = Omit<ProductVariant, 'product'>;

/** Cause and author of changes of variants. */
export type VariantOrigin = StockOrigin & { author: Author };

/** Values of a new variant that are not given. */
export const NEW_VARIANT = {
  ...{ sku: null, compareAtMinor: null, costMinor: null, barcode: null, imageSrc: null },
  ...{ stock: 0, tracksStock: true, sellsWhenOut: false, grams: 0, requiresShipping: true, taxable: true },
  optionValues: {},
  attributes: {},
};

/**
 * Rows for the variants in a request. An input with an id changes the stored variant; one without is a new variant.
 * @param priceMinor for new variants without a price
 * @param stockField name of the field of the request that has the stock of an input
 * @throws VariantNotFound for an id of another product; ValidationFailed for a repeated id, a missing price or a stock that
 *   may not be below 0
 */
export function variantRows(
  productId: string,
  present: readonly ProductVariant[],
  inputs: readonly VariantInputDto[],
  priceMinor: number | undefined,
  stockField: (index: number) => string = (index) => `variants.${index}.stock`,
): VariantRow[] {
  const ids = inputs.flatMap(({ id }) => id ?? []);
  if (new Set(ids).size < ids.length) throw invalidField('variants', 'two variants have the same id');
  const byId = new Map(present.map((variant) => [variant.id, variant]));
  return inputs.map((input, i) => {
    const before = input.id === undefined ? undefined : byId.get(input.id);
    if (input.id !== undefined && before === undefined) throw new VariantNotFound();
    const price = input.priceMinor ?? before?.priceMinor ?? priceMinor;
    if (price === undefined)
      throw invalidField('priceMinor', 'a price is needed on the product or on each variant');
    const values = { ...NEW_VARIANT, ...before, ...withoutUndefined(input) };
    const row = { ...values, id: before?.id ?? newId(), productId, position: i + 1, priceMinor: price };
    assertStock(row, before, stockField(i));
    return row;
  });
}

/** Inserts the variants of a new product, whose own creation is recorded for them too. */
export async function insertVariants(
  manager: EntityManager,
  rows: readonly VariantRow[],
  origin: StockOrigin,
): Promise<void> {
  await manager.insert(ProductVariant, [...rows]);
  await recordStock(manager, stocksOf([], rows), origin);
}

/** Replaces the variants of a product; those not in `rows` are removed. @param present locked */
export async function replaceVariants(
  manager: EntityManager,
  present: readonly ProductVariant[],
  rows: readonly VariantRow[],
  origin: VariantOrigin,
): Promise<void> {
  const kept = new Set(rows.map(({ id }) => id));
  const gone = present.filter(({ id }) => !kept.has(id));
  await removeVariants(manager, gone, origin);
  await saveVariants(manager, present, rows, origin);
}

/** @param gone as they are stored, locked */
export async function removeVariants(
  manager: EntityManager,
  gone: readonly ProductVariant[],
  { author }: VariantOrigin,
): Promise<void> {
  if (gone.length === 0) return; // or TypeORM throws
  const removed = gone.map((variant) => ({ id: variant.id, kind: 'removed' as const, before: variant }));
  await recordChanges(manager, ProductVariant, removed, author);
  await manager.delete(
    ProductVariant,
    gone.map(({ id }) => id),
  );
}

/**
 * Inserts or updates in order of id, the order in which orders lock variants, so that the two cannot deadlock.
 * @param present stored variants, locked; those that are not in `rows` stay
 */
export async function saveVariants(
  manager: EntityManager,
  present: readonly VariantRow[],
  rows: readonly VariantRow[],
  origin: VariantOrigin,
): Promise<void> {
  const inOrder = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  for (let i = 0; i < inOrder.length; i += ROWS_A_STATEMENT)
    await manager.upsert(ProductVariant, inOrder.slice(i, i + ROWS_A_STATEMENT), ['id']);
  await recordStock(manager, stocksOf(present, rows), origin);
  const { author, importId } = origin;
  await recordChanges(manager, ProductVariant, changesOf(present, rows), { ...author, importId });
}

/** Changes the variant of a product that has only one. @throws ProductHasVariants */
export async function updateOnlyVariant(
  manager: EntityManager,
  product: ProductWithVariants,
  changes: Partial<Pick<ProductVariant, 'sku' | 'priceMinor' | 'stock'>>,
  origin: VariantOrigin,
): Promise<void> {
  const [only, second] = product.variants;
  if (only === undefined || second !== undefined) throw new ProductHasVariants();
  const row = { ...only, ...changes };
  assertStock(row, only, 'stock');
  await saveVariants(manager, [only], [row], origin);
}

/** True for a stock below 0 of a variant that must not have one. */
export function isShort({
  stock,
  tracksStock,
  sellsWhenOut,
}: Pick<VariantRow, 'stock' | 'tracksStock' | 'sellsWhenOut'>): boolean {
  return stock < 0 && tracksStock && !sellsWhenOut;
}

/** True for a stock beyond the limits, which orders may have exceeded, if it is not nearer to them than before. */
export function isBeyond(stock: number, before: number): boolean {
  return Math.abs(stock) > MAX_STOCK && Math.abs(stock) > Math.abs(before);
}

/** @param before as it is stored @throws ValidationFailed */
export function assertStock(row: VariantRow, before: { stock: number } | undefined, field: string): void {
  if (isBeyond(row.stock, before?.stock ?? 0))
    throw invalidField(field, `stock must be from -${MAX_STOCK} to ${MAX_STOCK}`);
  if (isShort(row)) throw invalidField(field, 'stock below 0 needs sellsWhenOut, or tracksStock of false');
}

/** A product without variants so far is new: its creation is recorded, and stands for theirs. */
function changesOf(present: readonly VariantRow[], rows: readonly VariantRow[]): RowChange<VariantRow>[] {
  const known = new Map(present.map((variant) => [variant.id, variant]));
  const products = new Set(present.map(({ productId }) => productId));
  return rows.flatMap((after): RowChange<VariantRow>[] => {
    const { id, productId } = after;
    const before = known.get(id);
    if (before !== undefined) return [{ id, kind: 'changed', before, after }];
    return products.has(productId) ? [{ id, kind: 'created' }] : [];
  });
}

function stocksOf(present: readonly VariantRow[], rows: readonly VariantRow[]): StockChanged[] {
  const before = new Map(present.map(({ id, stock }) => [id, stock]));
  return rows.map(({ id, stock }) => ({ variantId: id, before: before.get(id) ?? 0, after: stock }));
}
