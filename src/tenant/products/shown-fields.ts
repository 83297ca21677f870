import { assertNoErrors } from '../../common/common.errors';
import type { ProductVariant } from './product-variant.entity';
import type { VariantDto, VariantInputDto } from './variants.dto';
import { assertStock, type VariantRow } from './variants';

/** Fields of a product that show its variants. */
interface ShownFields {
  sku: string | null;
  priceMinor: number;
  stock: number;
}

export function shownOf(
  variants: readonly Pick<VariantDto, keyof ShownFields | 'tracksStock'>[],
): ShownFields {
  return {
    sku: variants.length === 1 ? variants[0]!.sku : null, // length checked
    priceMinor: Math.min(...variants.map(({ priceMinor }) => priceMinor)),
    stock: variants.reduce((sum, { stock, tracksStock }) => sum + (tracksStock ? stock : 0), 0),
  };
}

/**
 * Obeys or refuses the shown fields of a request that also has `variants`, as a form sends them: none is ignored. A value is
 * in order if the product shows it before or after the change. Another value is that of the only variant, if its entry in the
 * list leaves the field as it is. A price is the default of new variants.
 * @param rows made from `inputs`, in their order
 * @param present stored variants
 * @throws ValidationFailed
 */
export function withShown(
  rows: VariantRow[],
  inputs: readonly VariantInputDto[],
  sent: { [K in keyof ShownFields]?: ShownFields[K] | undefined },
  present: readonly ProductVariant[],
): VariantRow[] {
  const before = present.length === 0 ? undefined : shownOf(present);
  const after = shownOf(rows);
  const isDefaultPrice =
    present.length === 0 || inputs.some(({ id, priceMinor }) => id === undefined && priceMinor === undefined);
  const changed = (Object.keys(after) as (keyof ShownFields)[]).filter(
    (field) =>
      ![undefined, before?.[field], after[field]].includes(sent[field]) &&
      !(field === 'priceMinor' && isDefaultPrice),
  );
  const [row, second] = rows;
  const stored = present.find(({ id }) => id === row?.id);
  const isFree = (field: keyof ShownFields) =>
    second === undefined && [undefined, stored?.[field]].includes(inputs[0]?.[field]);
  const errors = changed
    .filter((field) => !isFree(field))
    .map((field) => ({ field, message: `${field} belongs on the variants` }));
  assertNoErrors(errors);
  if (changed.length === 0) return rows;
  const only = { ...row!, ...Object.fromEntries(changed.map((field) => [field, sent[field]])) }; // it has changed
  assertStock(only, stored, 'stock');
  return [only];
}
