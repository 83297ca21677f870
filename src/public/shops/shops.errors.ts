export { SlugTaken } from '../../tenancy/tenancy.errors';
