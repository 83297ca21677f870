import { defineError } from '../../common/app-error';

export const EmailTaken = defineError(
  'EMAIL_TAKEN',
  409,
  'An account with this e-mail address already exists.',
);
export const InvalidCredentials = defineError(
  'INVALID_CREDENTIALS',
  401,
  'The e-mail address or password is wrong.',
);
export const RefreshTokenInvalid = defineError(
  'REFRESH_TOKEN_INVALID',
  401,
  'The refresh token is unknown, used, revoked or expired.',
);
export const ResetTokenInvalid = defineError(
  'RESET_TOKEN_INVALID',
  401,
  'The token for a new password is unknown, used or expired.',
);
export const TooManyAttempts = defineError(
  'TOO_MANY_ATTEMPTS',
  429,
  'Too many attempts within a short time.',
);
