import type { ProductImage } from './product.entity';

export const MAX_POSITION = 10_000;
/** Images of one product: Shopify's limit. */
export const MAX_IMAGES = 250;

type ImageInput = Pick<ProductImage, 'src'> & {
  position?: number | undefined;
  alt?: string | null | undefined;
};

/** Images in order of position. One without a position comes right behind those before it. */
export function withPositions(images: readonly ImageInput[]): ProductImage[] {
  let last = 0;
  return images
    .map(({ src, position = Math.min(last + 1, MAX_POSITION), alt = null }) => {
      last = Math.max(last, position);
      return { src, position, alt };
    })
    .toSorted((a, b) => a.position - b.position);
}
