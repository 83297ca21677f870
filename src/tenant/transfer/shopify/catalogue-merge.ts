import { newId } from '../../../common/ids';
import { combinationOf, optionsOf, variantProblem } from '../../products/product-options';
import type { ProductVariant, ProductWithVariants } from '../../products/product-variant.entity';
import type { Product } from '../../products/product.entity';
import type { CatalogueGroup, CatalogueProduct, CatalogueVariant, RowProblem } from './shopify-catalogue';
import type { VariantRow } from '../../products/variants';

/** Products of the shop that a batch of the file refers to. */
export interface KnownProducts {
  byHandle: ReadonlyMap<string, ProductWithVariants>;
  /** Product that has the SKU on a variant. */
  bySku: ReadonlyMap<string, ProductWithVariants>;
}

type ProductRow = Omit<Product, 'createdAt'>;

/** Rows to write for one group of a file. */
export interface Merged {
  product: ProductRow;
  isNew: boolean;
  /** Only variants that the file names. */
  variants: VariantRow[];
  newVariants: number;
  /** Variants of the shop's product before the import. */
  present: readonly ProductVariant[];
}

/** Rows to write, if any, and problems with the rows that are left out. */
export interface MergeResult {
  merged: Merged | null;
  problems: RowProblem[];
}

/**
 * Merges a product of a file into the shop's product with that handle, else into the one that has its first known SKU,
 * else creates one. Variants are matched by SKU, then by option values. Nothing is deleted: a variant that the file
 * does not name stays.
 */
export function mergeProduct(file: CatalogueProduct, known: KnownProducts): MergeResult {
  const target = known.byHandle.get(file.handle) ?? productWithSkuOf(file, known);
  if (target === undefined && file.name === null)
    return rejectAll(
      file,
      'TITLE_MISSING',
      'There is no Title, and the shop has no product with this handle.',
    );
  const [free, taken] = splitBy(file.variants, ({ sku }) => !isForeign(known.bySku.get(sku ?? ''), target));
  const problems = taken.map(({ row, sku }) =>
    problem(file, row, 'SKU_TAKEN', `Another product of the shop has the SKU ${sku}.`),
  );
  if (target === undefined && free.length === 0)
    return withRest(file, problems, 'PRODUCT_UNUSABLE', 'No variant of the product is left.');
  const id = target?.id ?? newId();
  const present = target?.variants ?? [];
  const variants = mergeVariants(id, free, present);
  const written = new Set(variants.map((variant) => variant.id));
  const all = [...present.filter((variant) => !written.has(variant.id)), ...variants];
  const conflict =
    written.size < variants.length ? 'two rows mean the same variant' : variantProblem(all, undefined);
  if (conflict !== null)
    return withRest(file, problems, 'VARIANTS_CONFLICT', `With the variants of the shop: ${conflict}.`);
  if (target !== undefined && isRevalued(file, target, written))
    return withRest(
      file,
      problems,
      'CURRENCY_CONFLICT',
      `The product has its prices in ${target.currency}, and the file does not name all of them in ${file.currency}.`,
    );
  const product = { ...productRow(file, target), id, options: optionsOf(all) };
  const newVariants = variants.length - present.filter((variant) => written.has(variant.id)).length;
  return { merged: { product, isNew: target === undefined, variants, newVariants, present }, problems };
}

/** True if the merge would change the currency of a price: amounts have no currency of their own, their product has. */
function isRevalued(
  file: CatalogueProduct,
  target: ProductWithVariants,
  written: ReadonlySet<string>,
): boolean {
  if (file.currency === target.currency) return false;
  const isWhole = file.name !== null && target.variants.every(({ id }) => written.has(id));
  return !isWhole && (file.name !== null || file.variants.length > 0);
}

function rejectAll(file: CatalogueProduct, code: string, message: string): MergeResult {
  return withRest(file, [], code, message);
}

/** Rejects the whole group and names rows without a problem of their own too, so that none is lost silently. */
function withRest(file: CatalogueProduct, own: RowProblem[], code: string, message: string): MergeResult {
  const named = new Set(own.map(({ row }) => row));
  const rest = file.rows.filter((row) => !named.has(row)).map((row) => problem(file, row, code, message));
  return { merged: null, problems: [...own, ...rest] };
}

function splitBy<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

/** Handles and SKUs that a group names. */
export function keysOf({ product }: CatalogueGroup): string[] {
  if (product === null) return [];
  return [`handle ${product.handle}`, ...skusOf(product).map((sku) => `sku ${sku}`)];
}

export function skusOf(product: CatalogueProduct): string[] {
  return product.variants.flatMap(({ sku }) => sku ?? []);
}

function productWithSkuOf(file: CatalogueProduct, { bySku }: KnownProducts): ProductWithVariants | undefined {
  const sku = skusOf(file).find((candidate) => bySku.has(candidate));
  return sku === undefined ? undefined : bySku.get(sku);
}

function isForeign(holder: Product | undefined, target: ProductWithVariants | undefined): boolean {
  return holder !== undefined && holder.id !== target?.id;
}

function mergeVariants(productId: string, file: CatalogueVariant[], present: ProductVariant[]): VariantRow[] {
  const bySku = new Map(present.flatMap((variant) => (variant.sku === null ? [] : [[variant.sku, variant]])));
  const byValues = new Map(present.map((variant) => [combinationOf(variant.optionValues), variant]));
  let next = Math.max(0, ...present.map(({ position }) => position));
  return file.map(({ row: _row, ...values }) => {
    const before = bySku.get(values.sku ?? '') ?? byValues.get(combinationOf(values.optionValues));
    const { tracksStock = true, sellsWhenOut = false, attributes = {} } = before ?? {};
    return {
      tracksStock,
      sellsWhenOut,
      attributes,
      ...values,
      id: before?.id ?? newId(),
      productId,
      position: before?.position ?? ++next,
    };
  });
}

function productRow(file: CatalogueProduct, target: ProductWithVariants | undefined): ProductRow {
  const updatedAt = new Date();
  if (target !== undefined && file.name === null) {
    const { variants: _variants, createdAt: _createdAt, ...before } = target;
    const shown = new Set(before.images.map(({ src }) => src));
    const images = [...before.images, ...file.images.filter(({ src }) => !shown.has(src))];
    return { ...before, images, updatedAt };
  }
  const { currency, description, vendor, type, tags, status, images } = file;
  return {
    id: target?.id ?? '', // set by the caller
    handle: target?.handle ?? file.handle,
    name: file.name ?? '',
    currency,
    ...{ description, vendor, type, tags, status, images },
    options: [],
    attributes: target?.attributes ?? {},
    updatedAt,
  };
}

function problem({ handle }: CatalogueProduct, row: number, code: string, message: string): RowProblem {
  return { row, handle, column: null, code, message };
}
