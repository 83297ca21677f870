import type { CheckName } from './checks';
import type { Observation } from './findings';
import type { Tenant } from './fleet';

/** Parts of a tenant that exist without the others: `faults` are for verify too, `rollout` for doctor alone. */
export function findAbsences(tenant: Tenant): { faults: Observation[]; rollout: Observation[] } {
  const { schema, isWanted, hasShop, hasSchema, hasRole, registered } = tenant;
  const observe = (check: CheckName, object: string, detail: string) => ({ check, schema, object, detail });
  const faults: Observation[] = [];
  if (!isWanted) faults.push(observe('schema-without-shop', schema, 'no shop has this id'));
  if (!hasSchema) faults.push(observe('shop-without-schema', schema, 'the shop exists, its schema does not'));
  else if (!hasRole)
    faults.push(observe('schema-without-role', schema, 'the schema exists, the role of its name does not'));
  const rollout: Observation[] = [];
  if (hasShop && registered === null)
    rollout.push(observe('shop-without-tenant', 'public.tenants', 'the shop has no row there'));
  return { faults, rollout };
}
