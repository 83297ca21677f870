import { quoteLiteral } from '../database/identifiers';

/**
 * SQL of the key of a tenant's advisory lock, held while a tenant's schema is changed. The function `open_step` in
 * `public` computes the same key.
 */
export function tenantLockKey(schema: string): string {
  return `hashtextextended(${quoteLiteral(`migrate ${schema}`)}, 0)`;
}
