import { invalidField } from '../../common/common.errors';
import type { ProductImage } from './product.entity';

export const MAX_POSITION = 10_000;
/** Images of one product: Shopify's limit. */
export const MAX_IMAGES = 250;

/** Address of an image that the shop stores. */
const STORED =
  /^\/api\/v1\/products\/[0-9a-f-]{36}\/images\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(?:png|jpg|webp|gif|avif))$/;

export function imagePath(productId: string, name: string): string {
  return `/api/v1/products/${productId}/images/${name}`;
}

/** Name of the file of an image that the shop stores; null for one of another site. */
export function imageName(src: string): string | null {
  return STORED.exec(src)?.[1] ?? null;
}

/** Names of the files that `before` shows and `after` does not. */
export function droppedImages(
  before: readonly ProductImage[],
  after: readonly Pick<ProductImage, 'src'>[],
): string[] {
  const kept = new Set(after.map(({ src }) => src));
  return before.flatMap(({ src }) => (kept.has(src) ? [] : (imageName(src) ?? [])));
}

/** @throws ValidationFailed for a stored image that is none of those that the product has */
export function assertOwnImages(
  images: readonly Pick<ProductImage, 'src'>[],
  before: readonly ProductImage[],
): void {
  const known = new Set(before.map(({ src }) => src));
  if (images.some(({ src }) => src.startsWith('/') && !known.has(src)))
    throw invalidField('images', 'images names a stored image that the product does not have');
}

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
