import { defineError } from '../../common/app-error';

export const ProductNotFound = defineError('PRODUCT_NOT_FOUND', 404, 'This shop has no such product.');
export const VariantNotFound = defineError('VARIANT_NOT_FOUND', 404, 'This shop has no such variant.');
export const HandleTaken = defineError('HANDLE_TAKEN', 409, 'Another product of this shop has this handle.');
export const ProductHasVariants = defineError(
  'PRODUCT_HAS_VARIANTS',
  409,
  'SKU, price and stock of this product are set on its variants.',
);
