import { defineError } from '../../common/app-error';

export const UserNotFound = defineError(
  'USER_NOT_FOUND',
  404,
  'No user has registered with this e-mail address.',
);
