import type { EntityManager } from 'typeorm';
import type { AppError } from '../../common/app-error';
import { ValidationFailed } from '../../common/common.errors';
import { newId } from '../../common/ids';
import { isUniqueViolation } from '../../common/sqlstate';
import { ProductVariant, type ProductWithVariants } from './product-variant.entity';
import type { VariantInputDto } from './products.dto';
import { ProductHasVariants, SkuTaken, VariantNotFound } from './products.errors';

/** Limits the parameters of one statement; PostgreSQL accepts 65,535. */
const ROWS_A_STATEMENT = 500;

/** A variant to store. */
export type VariantRow = Omit<ProductVariant, 'product'>;

const DEFAULTS = {
  ...{ sku: null, compareAtMinor: null, costMinor: null, barcode: null, imageSrc: null },
  ...{ stock: 0, grams: 0, requiresShipping: true, taxable: true },
};

/**
 * Rows for the variants in a request. An input with an id changes the stored variant; one without is a new variant.
 * @param priceMinor for new variants without a price
 * @throws VariantNotFound for an id of another product; ValidationFailed for a repeated id or a missing price
 */
export function variantRows(
  productId: string,
  present: readonly ProductVariant[],
  inputs: readonly VariantInputDto[],
  priceMinor: number | undefined,
): VariantRow[] {
  const ids = inputs.flatMap(({ id }) => id ?? []);
  if (new Set(ids).size < ids.length) throw invalid('variants', 'two variants have the same id');
  const byId = new Map(present.map((variant) => [variant.id, variant]));
  return inputs.map((input, i) => {
    const before = input.id === undefined ? undefined : byId.get(input.id);
    if (input.id !== undefined && before === undefined) throw new VariantNotFound();
    const price = input.priceMinor ?? before?.priceMinor ?? priceMinor;
    if (price === undefined)
      throw invalid('priceMinor', 'a price is needed on the product or on each variant');
    const values = { ...DEFAULTS, optionValues: {}, ...before, ...definedOf(input) };
    return { ...values, id: before?.id ?? newId(), productId, position: i + 1, priceMinor: price };
  });
}

/** Inserts in order of SKU, so that two requests with the same SKUs cannot deadlock. */
export async function insertVariants(manager: EntityManager, rows: readonly VariantRow[]): Promise<void> {
  await orSkuTaken(
    manager.insert(
      ProductVariant,
      sortedBy(rows, ({ sku }) => sku ?? ''),
    ),
  );
}

/** Replaces the variants of a product; those not in `rows` are removed. */
export async function replaceVariants(
  manager: EntityManager,
  present: readonly ProductVariant[],
  rows: readonly VariantRow[],
): Promise<void> {
  const kept = new Set(rows.map(({ id }) => id));
  const gone = present.filter(({ id }) => !kept.has(id)).map(({ id }) => id);
  if (gone.length > 0) await manager.delete(ProductVariant, gone);
  await saveVariants(manager, rows);
}

/** Inserts or updates in order of id, the order in which orders lock variants, so that the two cannot deadlock. */
export async function saveVariants(manager: EntityManager, rows: readonly VariantRow[]): Promise<void> {
  const inOrder = sortedBy(rows, ({ id }) => id);
  for (let i = 0; i < inOrder.length; i += ROWS_A_STATEMENT)
    await orSkuTaken(manager.upsert(ProductVariant, inOrder.slice(i, i + ROWS_A_STATEMENT), ['id']));
}

/** Changes the variant of a product that has only one. @throws ProductHasVariants */
export async function updateOnlyVariant(
  manager: EntityManager,
  product: ProductWithVariants,
  changes: Partial<Pick<ProductVariant, 'sku' | 'priceMinor' | 'stock'>>,
): Promise<void> {
  if (product.variants.length > 1) throw new ProductHasVariants();
  await orSkuTaken(manager.update(ProductVariant, { productId: product.id }, changes));
}

/**
 * For statements that write variants: their option values were checked before, so only a SKU can collide.
 * @throws SkuTaken
 */
async function orSkuTaken(statement: Promise<unknown>): Promise<void> {
  try {
    await statement;
  } catch (error) {
    if (isUniqueViolation(error)) throw new SkuTaken({ cause: error });
    throw error;
  }
}

function sortedBy<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return items.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function invalid(field: string, message: string): AppError {
  return new ValidationFailed({ detail: message, errors: [{ field, message }] });
}

function definedOf(input: VariantInputDto): Partial<VariantInputDto> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}
