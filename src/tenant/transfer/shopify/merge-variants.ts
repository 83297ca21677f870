import { newId } from '../../../common/ids';
import { combinationOf } from '../../products/product-options';
import { isBeyond, isShort, NEW_VARIANT, type VariantRow } from '../../products/variants';
import { MAX_STOCK } from '../../products/variants.dto';
import { isDefault } from './shopify-columns';
import type { CatalogueVariant } from './shopify-catalogue';

export interface VariantProblem {
  row: number;
  code: string;
  message: string;
}

export interface MergedVariants {
  /** All variants of the product afterwards, in order of position. */
  all: VariantRow[];
  /** Ids of those that the file names. */
  named: Set<string>;
  problems: VariantProblem[];
}

/**
 * Merges variants of a file into those of a product. One of the file is the stored variant with its option values, else the only
 * one with its SKU, else, if the file has no columns for options, the only variant of the product; else it is new. Stored
 * variants that the file does not name stay.
 */
export function mergeVariants(
  productId: string,
  file: readonly CatalogueVariant[],
  present: readonly VariantRow[],
): MergedVariants {
  const matches = matchVariants(file, present);
  const problems: VariantProblem[] = [];
  const written = new Map<string, VariantRow>();
  let position = Math.max(0, ...present.map((variant) => variant.position));
  for (const variant of file) {
    const before = matches.get(variant);
    const problem = problemOf(variant, before, present);
    const merged = merge(productId, variant, before, before?.position ?? position + 1);
    if (problem !== null) problems.push({ row: variant.row, ...problem });
    else if (isShort(merged)) problems.push({ row: variant.row, ...NEGATIVE });
    else if (isBeyond(merged.stock, before?.stock ?? 0)) problems.push({ row: variant.row, ...BEYOND });
    else {
      written.set(merged.id, merged);
      position = Math.max(position, merged.position);
    }
  }
  const kept = present.map((variant) => written.get(variant.id) ?? variant);
  const known = new Set(present.map(({ id }) => id));
  const added = [...written.values()].filter(({ id }) => !known.has(id));
  return { all: [...kept, ...added], named: new Set(written.keys()), problems };
}

const NEGATIVE = {
  code: 'STOCK_NEGATIVE',
  message:
    'Stock is below 0 (oversold), and the variant neither sells when out nor leaves its stock uncounted.',
};

const BEYOND = {
  code: 'STOCK_INVALID',
  message: `Stock must be from -${MAX_STOCK} to ${MAX_STOCK}, unless orders have led beyond that.`,
};

function matchVariants(
  file: readonly CatalogueVariant[],
  present: readonly VariantRow[],
): Map<CatalogueVariant, VariantRow> {
  const matches = new Map<CatalogueVariant, VariantRow>();
  const free = new Set(present);
  const match = (variant: CatalogueVariant, candidate: VariantRow | undefined) => {
    if (candidate !== undefined && free.delete(candidate)) matches.set(variant, candidate);
  };
  const byValues = new Map(present.map((variant) => [combinationOf(variant.optionValues), variant]));
  for (const variant of file)
    if (variant.optionValues !== undefined) match(variant, byValues.get(combinationOf(variant.optionValues)));
  const only = <T extends { sku?: string | null }>(some: Iterable<T>) => {
    const bySku = new Map<string, T | null>();
    for (const one of some) if (one.sku) bySku.set(one.sku, bySku.has(one.sku) ? null : one);
    return bySku;
  };
  const [inFile, inShop] = [only(file.filter((variant) => !matches.has(variant))), only(free)];
  for (const [sku, variant] of inFile) if (variant !== null) match(variant, inShop.get(sku) ?? undefined);
  const [first] = present;
  for (const variant of file)
    if (variant.optionValues === undefined && present.length === 1 && !matches.has(variant))
      match(variant, first);
  return matches;
}

function problemOf(
  { optionValues, priceMinor }: CatalogueVariant,
  before: VariantRow | undefined,
  present: readonly VariantRow[],
): { code: string; message: string } | null {
  if (before !== undefined) return null;
  if (optionValues === undefined && present.length > 0)
    return {
      code: 'VARIANT_UNCLEAR',
      message: 'The file has no columns for options, and no single variant of the product has this SKU.',
    };
  if (priceMinor === undefined)
    return { code: 'PRICE_MISSING', message: 'A new variant needs a Variant Price.' };
  return null;
}

function merge(
  productId: string,
  { row: _row, attributes, ...values }: CatalogueVariant,
  before: VariantRow | undefined,
  position: number,
): VariantRow {
  return {
    ...{ ...NEW_VARIANT, priceMinor: 0, ...before, ...values },
    attributes: mergeAttributes(before?.attributes, attributes),
    id: before?.id ?? newId(),
    productId,
    position,
  };
}

/**
 * @param changes null, or a value that means no more than none, removes an attribute, unless the stored value means no more
 *   either
 */
export function mergeAttributes(
  before: Record<string, string> = {},
  changes: Record<string, string | null>,
): Record<string, string> {
  const merged = new Map(Object.entries(before));
  for (const [name, text] of Object.entries(changes)) {
    if (text !== null && !isDefault(name, text)) merged.set(name, text);
    else if (!isDefault(name, merged.get(name) ?? '')) merged.delete(name);
  }
  return Object.fromEntries(merged);
}
