import { defineError } from '../../common/app-error';

export const CustomerNotFound = defineError('CUSTOMER_NOT_FOUND', 404, 'This shop has no such customer.');
export const CustomerEmailTaken = defineError(
  'CUSTOMER_EMAIL_TAKEN',
  409,
  'Another customer of this shop has this e-mail address.',
);
