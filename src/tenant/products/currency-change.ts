import { assertNoErrors } from '../../common/common.errors';
import type { ProductVariant } from './product-variant.entity';
import type { VariantInputDto } from './variants.dto';

const AMOUNTS = ['priceMinor', 'compareAtMinor', 'costMinor'] as const;

/**
 * Refuses another currency for amounts that a request leaves as they are: 49.90 EUR would become 4990 JPY.
 * @throws ValidationFailed, which names the amounts that it needs
 */
export function assertAmountsNamed(
  present: readonly ProductVariant[],
  inputs: readonly VariantInputDto[],
): void {
  const errors = inputs.flatMap((input, i) => {
    const stored = present.find(({ id }) => id === input.id);
    return AMOUNTS.filter((name) => (stored?.[name] ?? null) !== null && input[name] === undefined).map(
      (name) => ({
        field: `variants.${i}.${name}`,
        message: `another currency needs the ${name} of each variant that has one`,
      }),
    );
  });
  assertNoErrors(errors);
}
