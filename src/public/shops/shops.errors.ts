import { defineError } from '../../common/app-error';

export const OwnerRequired = defineError('OWNER_REQUIRED', 403, 'Only an owner of the shop may do this.');
export const SlugTaken = defineError('SLUG_TAKEN', 409, 'Another shop has this slug.');
