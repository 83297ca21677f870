import { defineError } from '../../common/app-error';

export const OperatorCredentialsInvalid = defineError(
  'OPERATOR_CREDENTIALS_INVALID',
  401,
  'The e-mail address, the password or the code is wrong.',
);
export const OperatorRoleRequired = defineError(
  'OPERATOR_ROLE_REQUIRED',
  403,
  'Your role as an operator does not allow this.',
);
export const PasswordChangeRequired = defineError(
  'PASSWORD_CHANGE_REQUIRED',
  403,
  'Replace the one-time password first.',
);
export const TotpRequired = defineError('TOTP_REQUIRED', 403, 'Administrators must set up TOTP first.');
export const OperatorNotFound = defineError('OPERATOR_NOT_FOUND', 404, 'There is no such operator.');
export const TotpAlreadySet = defineError('TOTP_ALREADY_SET', 409, 'TOTP is set up already.');
export const OwnAccount = defineError(
  'OWN_ACCOUNT',
  409,
  'Another administrator must change your own account.',
);
export const TotpCodeWrong = defineError(
  'TOTP_CODE_WRONG',
  422,
  'The code is not that of the secret, or was used before.',
);
