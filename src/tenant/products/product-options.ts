import type { ProductOption } from './product.entity';

/** Variants of one product: Shopify's limit. */
export const MAX_VARIANTS = 2048;

interface WithOptionValues {
  optionValues?: Record<string, string>;
}

/** The options that a list of variants spans, in order of appearance. */
export function optionsOf(variants: readonly WithOptionValues[]): ProductOption[] {
  const options = new Map<string, Set<string>>();
  for (const { optionValues = {} } of variants)
    for (const [name, value] of Object.entries(optionValues))
      options.set(name, (options.get(name) ?? new Set()).add(value));
  return [...options].map(([name, values]) => ({ name, values: [...values] }));
}

/**
 * The options of a product after a change of its variants. Names and values keep their order, also values that no variant has had
 * yet; those that variants have had and no longer have go, new ones come last.
 * @param listed options that a file lists: their names have this order if those of the product change, and their values always
 */
export function mergeOptions(
  before: { product: { options: ProductOption[] }; variants: readonly WithOptionValues[] } | undefined,
  variants: readonly WithOptionValues[],
  listed: readonly ProductOption[] = [],
): ProductOption[] {
  const spanned = inOrderOf(listed, optionsOf(variants));
  return keptOptions(before, spanned).map((option) => {
    const values = listed.find(({ name }) => name === option.name)?.values ?? [];
    if (values.length === 0) return option;
    const now = spanned.find(({ name }) => name === option.name)?.values ?? [];
    return { ...option, values: [...values, ...now.filter((value) => !values.includes(value))] };
  });
}

/** Objects have names like `10` first, in order of size, so that the order of the names cannot come from them. */
function inOrderOf(listed: readonly ProductOption[], options: readonly ProductOption[]): ProductOption[] {
  const placeOf = ({ name }: ProductOption) => listed.findIndex((option) => option.name === name);
  return options.toSorted((a, b) => placeOf(a) - placeOf(b));
}

function keptOptions(
  before: { product: { options: ProductOption[] }; variants: readonly WithOptionValues[] } | undefined,
  spanned: ProductOption[],
): ProductOption[] {
  const had = new Map(optionsOf(before?.variants ?? []).map(({ name, values }) => [name, new Set(values)]));
  const options = new Map(before?.product.options.map(({ name, values }) => [name, values]));
  if (spanned.length !== options.size || spanned.some(({ name }) => !options.has(name))) return spanned;
  return [...options].map(([name, values]) => {
    const now = spanned.find((option) => option.name === name)?.values ?? [];
    const kept = values.filter((value) => now.includes(value) || had.get(name)?.has(value) !== true);
    return { name, values: [...kept, ...now.filter((value) => !kept.includes(value))] };
  });
}

/**
 * Checks the variants of a product against each other.
 * @param options from the client; undefined means those that the variants span
 * @returns a message for the client, or null
 */
export function variantProblem(
  variants: readonly WithOptionValues[],
  options: readonly ProductOption[] | undefined,
): string | null {
  if (variants.length > MAX_VARIANTS) return `a product has at most ${MAX_VARIANTS} variants`;
  const spanned = optionsOf(variants);
  if (variants.length > 1 && spanned.length === 0)
    return 'several variants must differ in their optionValues';
  if (variants.some(({ optionValues = {} }) => Object.keys(optionValues).length !== spanned.length))
    return 'every variant must have a value for every option';
  if (spanned.length === 1 && spanned[0]?.name === 'Title' && spanned[0].values.includes('Default Title'))
    return 'an option Title with the value Default Title means "no options" in files of products';
  const combinations = new Set(variants.map((variant) => combinationOf(variant.optionValues)));
  if (combinations.size < variants.length) return 'two variants have the same optionValues';
  if (options === undefined) return null;
  if (new Set(options.map(({ name }) => name)).size < options.length) return 'two options have the same name';
  const allowed = new Map(options.map(({ name, values }) => [name, new Set(values)]));
  if (allowed.size !== spanned.length || spanned.some(({ name }) => !allowed.has(name)))
    return 'options must name exactly the options that the variants have';
  if (spanned.some(({ name, values }) => values.some((value) => !allowed.get(name)?.has(value))))
    return 'options must list every value that a variant has';
  return null;
}

/** A key that is equal for equal option values in any order. */
export function combinationOf(optionValues: Record<string, string> = {}): string {
  return JSON.stringify(Object.entries(optionValues).sort(([a], [b]) => (a < b ? -1 : 1)));
}
