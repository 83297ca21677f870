import { defineError } from '../../common/app-error';

export const ShopDeleted = defineError('SHOP_DELETED', 409, 'The shop is deleted; undelete it first.');
