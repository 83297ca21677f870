import { quoteLiteral } from '../database/identifiers';

/**
 * SQL of the key of a tenant's advisory lock: whoever changes a tenant's schema holds it. The function `open_step` in
 * `public` computes the same key.
 */
export function tenantLockKey(schema: string): string {
  return `hashtextextended(${quoteLiteral(`migrate ${schema}`)}, 0)`;
}
