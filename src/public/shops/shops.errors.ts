import { defineError } from '../../common/app-error';

export const SlugTaken = defineError('SLUG_TAKEN', 409, 'Another shop has this slug.');
