import { defineError } from '../../common/app-error';

export const OperationFileNotFound = defineError(
  'OPERATION_FILE_NOT_FOUND',
  404,
  'The operation has no file: it is not done, it failed, or the file has expired.',
);
