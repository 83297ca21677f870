import { defineError } from '../../common/app-error';

export const OperationInProgress = defineError(
  'OPERATION_IN_PROGRESS',
  409,
  'Another operation on this shop is not finished.',
);

export const ShopBusy = defineError(
  'SHOP_BUSY',
  409,
  'Transactions of the shop hold its tables for longer than a minute.',
);

export const OperationNotFound = defineError('OPERATION_NOT_FOUND', 404, 'There is no such operation.');

export const OperationEnded = defineError('OPERATION_ENDED', 409, 'The operation has ended.');

export const OperationNotRetriable = defineError(
  'OPERATION_NOT_RETRIABLE',
  409,
  'Only an operation that failed, was cancelled or lost its runner can be retried.',
);

export const VersionUnknown = defineError(
  'VERSION_UNKNOWN',
  422,
  'The backup has migrations that this program does not have.',
);

export const RestoreConflict = defineError(
  'RESTORE_CONFLICT',
  409,
  'Rows of other tables refer to rows that the backup lacks.',
);

export const RestoreOtherShop = defineError('RESTORE_OTHER_SHOP', 409, 'The backup is of another shop.');

export const RestoreNotKept = defineError(
  'RESTORE_NOT_KEPT',
  409,
  'No data of before a restore are kept for this shop.',
);

export const RestoreTableUnknown = defineError(
  'RESTORE_TABLE_UNKNOWN',
  422,
  'The backup or the shop lacks a table that was named.',
);
