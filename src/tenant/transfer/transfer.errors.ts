import { defineError } from '../../common/app-error';

export const NotACatalogueFile = defineError(
  'NOT_A_CATALOGUE',
  400,
  'The file is not a Shopify product CSV.',
);
export const ImportRejected = defineError(
  'IMPORT_REJECTED',
  422,
  'The file has bad rows; nothing was stored. Correct them, or import with mode=skip.',
);
export const NotAnOrdersFile = defineError(
  'NOT_AN_ORDERS_FILE',
  400,
  'The file is neither a CSV of order lines nor an export of orders of Shopify.',
);
export const ImportDisturbed = defineError(
  'IMPORT_DISTURBED',
  409,
  'Products or customers of the shop were changed during the import; run it again to continue.',
);
