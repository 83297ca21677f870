import { defineError } from '../../common/app-error';

export const ProductNotFound = defineError('PRODUCT_NOT_FOUND', 404, 'This shop has no such product.');
export const VariantNotFound = defineError('VARIANT_NOT_FOUND', 404, 'This shop has no such variant.');
export const ImageNotFound = defineError('IMAGE_NOT_FOUND', 404, 'The product has no such image.');
export const NotAnImage = defineError(
  'NOT_AN_IMAGE',
  415,
  'The file is no image of a kind that is known: PNG, JPEG, WebP, GIF or AVIF.',
);
export const HandleTaken = defineError('HANDLE_TAKEN', 409, 'Another product of this shop has this handle.');
export const LastVariant = defineError(
  'LAST_VARIANT',
  409,
  'A product must have at least one variant; remove the product instead.',
);
export const VariantsNotNamed = defineError(
  'VARIANTS_NOT_NAMED',
  409,
  'The list lacks variants of the product; name them, or send removeVariants: true.',
);
export const StockTooLow = defineError('STOCK_TOO_LOW', 409, 'The stock cannot become that.');
export const ProductHasVariants = defineError(
  'PRODUCT_HAS_VARIANTS',
  409,
  'SKU, price and stock of this product are set on its variants.',
);
