import { defineError } from '../../common/app-error';

export const CustomerNotFound = defineError('CUSTOMER_NOT_FOUND', 404, 'This shop has no such customer.');
