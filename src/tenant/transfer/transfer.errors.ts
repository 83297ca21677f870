import { defineError } from '../../common/app-error';

export const NotACatalogueFile = defineError(
  'NOT_A_CATALOGUE',
  400,
  'The file is not a Shopify product CSV.',
);
export const EncodingUnclear = defineError(
  'ENCODING_UNCLEAR',
  400,
  'The file can be read in several encodings; name one with encoding=.',
);
export const SeparatorUnclear = defineError(
  'SEPARATOR_UNCLEAR',
  400,
  'The file can be read with several separators; name one with separator=.',
);
export const ImportNotFound = defineError('IMPORT_NOT_FOUND', 404, 'This shop has no such import.');
export const ImportTouched = defineError(
  'IMPORT_TOUCHED',
  409,
  'What the import stored was changed since; nothing was undone.',
);
export const ImportUndone = defineError('IMPORT_UNDONE', 409, 'The import is undone already.');
export const ImportTooOld = defineError('IMPORT_TOO_OLD', 409, 'An import can be undone for 30 days.');
export const ImportsWaiting = defineError(
  'IMPORTS_WAITING',
  429,
  'Too many imports of the shop wait for their turn.',
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
