import { newId } from '../../../common/ids';
import { formatMinor, parseMinor } from '../../../common/money';
import { imageName, MAX_IMAGES } from '../../products/product-images';
import { MAX_VARIANTS, mergeOptions, variantProblem } from '../../products/product-options';
import { sizeProblem } from '../../products/product-size';
import { AMOUNTS } from '../../products/product-variant.entity';
import { SOLD_STATUSES } from '../../products/product.entity';
import { mergeAttributes, type MergedVariants, mergeVariants } from './merge-variants';
import type {
  CatalogueFields,
  CatalogueProduct,
  CatalogueStatus,
  CatalogueVariant,
  RowProblem,
} from './shopify-catalogue';
import { withSku } from './shopify-row';
import type { ProductState, ProductValues, WorkingCatalogue, WorkingProduct } from './working-catalogue';

/** A product of the catalogue that the file has changed, if any, and problems with the rows that are left out. */
export interface MergeResult {
  merged: WorkingProduct | null;
  /** Ids of the variants that the file names. */
  named: ReadonlySet<string>;
  problems: RowProblem[];
}

/**
 * Merges a product of a file into the product with its handle; or, if its rows have no Handle, into the only one with its SKU
 * or the one with its title; else creates one. Fields without a column in the file stay as they are. Nothing is deleted.
 */
export function mergeProduct(read: CatalogueProduct, catalogue: WorkingCatalogue): MergeResult {
  const target = findTarget(read, catalogue);
  if (target !== undefined && 'code' in target) return reject(read, target.code, target.message);
  const file = inCurrencyOf(target?.now.product, read);
  if (file === null) {
    const { currency } = target?.now.product ?? read;
    const message = `The product has its prices in ${currency}, in which one of the file is no amount. Name the currency of the file.`;
    return reject(read, 'CURRENCY_CONFLICT', message);
  }
  const name = file.fields?.name ?? '';
  if (target === undefined && name === '')
    return reject(file, 'TITLE_MISSING', 'There is no Title, and the shop has no product with this handle.');
  const id = target?.now.product.id ?? newId();
  const present = target?.now.variants ?? [];
  const variants = mergeVariants(id, file.variants, present);
  const problems = variants.problems.map(({ row, code, message }) => problem(file, row, code, message));
  const conflict = conflictOf(file, target, variants);
  if (conflict !== null) return reject(file, conflict.code, conflict.message, problems);
  const now: ProductState = {
    product: {
      ...productValues(file, target),
      id,
      options: mergeOptions(target?.now, variants.all, file.options),
    },
    variants: variants.all,
  };
  const size = sizeProblem(now.product, now.variants);
  if (size !== null) return reject(file, size.code, `With those of the shop: ${size.message}.`, problems);
  return { merged: catalogue.set(target, now), named: variants.named, problems };
}

function findTarget(
  file: CatalogueProduct,
  catalogue: WorkingCatalogue,
): WorkingProduct | { code: string; message: string } | undefined {
  const { handle, hasHandle, variants, fields } = file;
  const holder = catalogue.withHandle(handle);
  if (hasHandle) return holder;
  const sku = variants[0]?.sku ?? '';
  const [found, second] = catalogue.withSku(sku);
  if (second !== undefined)
    return { code: 'SKU_AMBIGUOUS', message: `Several variants of the shop have the SKU ${sku}.` };
  if (found !== undefined) return found;
  if (!fields?.name) return { code: 'SKU_UNKNOWN', message: `No variant of the shop has the SKU ${sku}.` };
  if (holder === undefined || isSame(file, holder)) return holder;
  return {
    code: 'HANDLE_UNCLEAR',
    message: `The handle ${handle}, made from the Title, is that of another product. Give the row a Handle.`,
  };
}

/** True if rows without a Handle mean the product with the handle made from their title: others may have that handle too. */
function isSame({ fields, variants }: CatalogueProduct, { now }: WorkingProduct): boolean {
  const skus = now.variants.flatMap(({ sku }) => sku ?? []);
  const isNamed = variants.some(({ sku }) => sku != null && skus.includes(sku));
  return (
    fields?.name === now.product.name && (isNamed || skus.length === 0 || !variants.some(({ sku }) => sku))
  );
}

function conflictOf(
  file: CatalogueProduct,
  target: WorkingProduct | undefined,
  { all, named }: MergedVariants,
): { code: string; message: string } | null {
  if (file.variants.length === 0 && target === undefined)
    return { code: 'PRICE_MISSING', message: 'The product is new, and a new one needs a Variant Price.' };
  if (all.length === 0) return { code: 'PRODUCT_UNUSABLE', message: 'No variant of the product is left.' };
  if (all.length > MAX_VARIANTS)
    return { code: 'ROWS_TOO_MANY', message: `A product has at most ${MAX_VARIANTS} variants.` };
  if (imagesOf(file, target?.now.product.images).length > MAX_IMAGES)
    return {
      code: 'IMAGES_TOO_MANY',
      message: `With those of the shop the product has more than ${MAX_IMAGES} images.`,
    };
  const message = variantProblem(all, undefined);
  if (message !== null)
    return { code: 'VARIANTS_CONFLICT', message: `With the variants of the shop: ${message}.` };
  if (target === undefined || !isRevalued(file, target, named)) return null;
  const { currency } = target.now.product;
  return {
    code: 'CURRENCY_CONFLICT',
    message: `The product has its prices in ${currency}, and the file does not give all its variants a price in ${file.currency}.`,
  };
}

/** True if the merge would change the currency of a price: amounts have no currency of their own, their product has. */
function isRevalued(file: CatalogueProduct, { now }: WorkingProduct, named: ReadonlySet<string>): boolean {
  if (file.currency === now.product.currency || !hasPrices(file)) return false;
  const isWhole = file.fields !== null && now.variants.every(({ id }) => named.has(id));
  const isKept = (amount: (typeof AMOUNTS)[number]) =>
    now.variants.some((variant) => variant[amount] !== null) &&
    file.variants.some((variant) => variant[amount] === undefined);
  return !isWhole || AMOUNTS.some(isKept);
}

/** Reads the prices of a file that names no currency in that of the product. @returns null if one is no amount of it */
function inCurrencyOf(
  product: { currency: string } | undefined,
  file: CatalogueProduct,
): CatalogueProduct | null {
  if (product === undefined || file.namesCurrency || product.currency === file.currency) return file;
  const { currency } = product;
  const variants: CatalogueVariant[] = [];
  for (const variant of file.variants) {
    const prices: Partial<Record<(typeof AMOUNTS)[number], number>> = {};
    for (const field of AMOUNTS) {
      const minor = variant[field] ?? null;
      if (minor === null) continue;
      const inOther = parseMinor(formatMinor(minor, file.currency), currency);
      if (inOther === null) return null;
      prices[field] = inOther;
    }
    variants.push({ ...variant, ...prices });
  }
  return { ...file, currency, variants };
}

function hasPrices({ variants }: CatalogueProduct): boolean {
  return variants.some((variant) => AMOUNTS.some((amount) => variant[amount] !== undefined));
}

function productValues(
  file: CatalogueProduct,
  target: WorkingProduct | undefined,
): Omit<ProductValues, 'id' | 'options'> {
  const { handle, currency, fields } = file;
  const before = target?.now.product;
  const { name, description, vendor, type, tags } = fields ?? {};
  return {
    handle: before?.handle ?? handle,
    name: name || (before?.name ?? ''),
    description: description ?? before?.description ?? '',
    currency: before === undefined || hasPrices(file) ? currency : before.currency,
    vendor: vendor ?? before?.vendor ?? '',
    type: type ?? before?.type ?? '',
    tags: tags ?? before?.tags ?? [],
    status: statusOf(fields, before?.status),
    attributes: mergeAttributes(before?.attributes, fields?.attributes ?? {}),
    images: imagesOf(file, before?.images),
  };
}

/** A product that is not published is not on sale, whatever its status says. */
function statusOf(fields: CatalogueFields | null, before: CatalogueStatus | undefined): CatalogueStatus {
  const { status, isPublished } = fields ?? {};
  const wanted = status ?? before ?? 'active';
  const isSold = SOLD_STATUSES.includes(wanted);
  if (isPublished === false && isSold) return 'draft';
  return isPublished === true && status === undefined && wanted === 'draft' ? 'active' : wanted;
}

/** Rows without a title or a handle add images to those of the product; others replace those of other sites, which alone are in files. */
function imagesOf({ handle, fields, images }: CatalogueProduct, before: ProductValues['images'] = []) {
  if (images === undefined) return before;
  const kept =
    fields !== null && handle !== '' ? before.filter(({ src }) => imageName(src) !== null) : before;
  const shown = new Set(kept.map(({ src }) => src));
  return [...kept, ...images.filter(({ src }) => !shown.has(src))].toSorted(
    (a, b) => a.position - b.position,
  );
}

/** Rejects the whole group and names rows without a problem of their own too, so that none is lost silently. */
function reject(file: CatalogueProduct, code: string, message: string, own: RowProblem[] = []): MergeResult {
  const named = new Set(own.map(({ row }) => row));
  const rest = file.rows.filter((row) => !named.has(row)).map((row) => problem(file, row, code, message));
  return { merged: null, named: new Set(), problems: [...own, ...rest] };
}

function problem(
  { handle, variants }: CatalogueProduct,
  row: number,
  code: string,
  message: string,
): RowProblem {
  if (handle !== '') return { row, handle, column: null, code, message };
  return { row, handle: null, column: null, code, message: withSku(message, variants[0]?.sku ?? '') };
}
