import { defineError } from '../../common/app-error';

export const OrderNotFound = defineError('ORDER_NOT_FOUND', 404, 'This shop has no such order.');
export const InsufficientStock = defineError('INSUFFICIENT_STOCK', 409, 'There is not enough in stock.');
export const ProductNotForSale = defineError('PRODUCT_NOT_FOR_SALE', 409, 'The product is not active.');
export const MixedCurrencies = defineError(
  'MIXED_CURRENCIES',
  409,
  'All lines of an order must have the same currency.',
);
export const VariantRequired = defineError(
  'VARIANT_REQUIRED',
  400,
  'The product has several variants; order one by variantId.',
);
export const OrderTooLarge = defineError(
  'ORDER_TOO_LARGE',
  422,
  'The total is beyond what can be counted exactly.',
);
export const TransitionRefused = defineError('TRANSITION_REFUSED', 409, 'The order does not allow this now.');
export const OrderLineNotFound = defineError('ORDER_LINE_NOT_FOUND', 404, 'The order has no such line.');
export const QuantityExceeded = defineError(
  'QUANTITY_EXCEEDED',
  409,
  'A line has fewer units left than that.',
);
export const AmountExceeded = defineError(
  'AMOUNT_EXCEEDED',
  409,
  'The amount is more than is due, or than was paid and not refunded.',
);
