import type { Product } from './product.entity';
import type { VariantRow } from './variants';

const KIB = 1024;

/** Attributes of a product and its variants together, as JSON. Real catalogues have a few kB. */
const MAX_ATTRIBUTES = 256 * KIB;
/** A product with its variants as JSON: 1 kB for each of the most variants. A list answers with 100 products in one text. */
const MAX_PRODUCT = 2048 * KIB;

/** Checks the size of a product as it is to be stored, since the limits of its fields alone allow gigabytes. */
export function sizeProblem(
  { attributes, ...product }: Partial<Product> & Pick<Product, 'attributes'>,
  variants: readonly VariantRow[],
): { code: string; message: string } | null {
  const ofAll = [attributes, ...variants.map((variant) => variant.attributes)];
  if (bytesOf(ofAll) > MAX_ATTRIBUTES)
    return {
      code: 'ATTRIBUTES_TOO_LARGE',
      message: `the attributes of a product and its variants have at most ${MAX_ATTRIBUTES / KIB} KiB together, as JSON`,
    };
  if (bytesOf({ ...product, attributes, variants }) > MAX_PRODUCT)
    return {
      code: 'PRODUCT_TOO_LARGE',
      message: `a product with its variants has at most ${MAX_PRODUCT / KIB} KiB, as JSON`,
    };
  return null;
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
