import { defineError } from '../../common/app-error';

export const OperationInProgress = defineError(
  'OPERATION_IN_PROGRESS',
  409,
  'Another operation on this shop is not finished.',
);
