import type { EngineClient } from '../../../database/engine-client';
import { idIn } from '../../drift/findings';
import { type CheckName, remedyOf } from '../../drift/checks';
import { listTenants, TENANT_IDS } from '../../drift/fleet';
import { findLeftHolds } from '../../drift/installation/operations';
import { findStrayRoles, roleCreators } from '../../drift/installation/roles';
import { findAbsences } from '../../drift/presence';
import type { Tools } from '../operation-kind';
import { removeTenant } from '../remove-tenant';
import type { Orphan } from './orphan';

/**
 * Finds what exists without its counterpart: schemas, shops, roles, rows of the registry, tenants of ended operations. A schema
 * that no record knows is only named: it may be all that is left of a shop whose rows were lost.
 */
export async function findOrphanTenants(client: EngineClient, tools: Tools): Promise<Orphan[]> {
  return [
    ...(await findAbsentParts(client)),
    ...(await findLeftTenants(client, tools)),
    ...(await findLoneRows(client, tools)),
    ...(await findLoneRoles(client, tools)),
  ];
}

async function findAbsentParts(client: EngineClient): Promise<Orphan[]> {
  const tenants = await listTenants(client);
  return tenants.flatMap((tenant) => {
    const { faults, rollout } = findAbsences(tenant);
    return [...faults, ...rollout].map(({ check, object, detail }) => {
      const advice = remedyOf(check, tenant.shop);
      return { check, shop: tenant.shop, object, detail, advice, fix: null };
    });
  });
}

async function findLeftTenants(client: EngineClient, tools: Tools): Promise<Orphan[]> {
  return (await findLeftHolds(client)).map(({ check, object, detail }) =>
    removable(tools, check, idIn(object), object, detail),
  );
}

/** Rows of `public.tenants` alone; one with a schema is a schema without a shop. */
async function findLoneRows(client: EngineClient, tools: Tools): Promise<Orphan[]> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT shop_id AS id FROM public.tenants t WHERE shop_id NOT IN (${TENANT_IDS})
       AND NOT EXISTS (SELECT FROM public.held_tenants h WHERE h.shop_id = t.shop_id)
       AND to_regnamespace('shop_' || replace(shop_id::text, '-', '')) IS NULL ORDER BY 1`,
  );
  return rows.map(({ id }) =>
    removable(tools, 'tenant-without-shop', id, 'public.tenants', 'the row has neither shop nor schema'),
  );
}

async function findLoneRoles(client: EngineClient, tools: Tools): Promise<Orphan[]> {
  const { roles } = tools.installation;
  const own = [...Object.values(roles), ...(await roleCreators(client, roles))];
  return (await findStrayRoles(client, own)).map(({ check, object, detail }) => {
    const shop = idIn(object);
    if (check === 'leftover-role') return removable(tools, check, shop, object, detail);
    const fix = async () => {
      await client.query('DELETE FROM public.spare_roles WHERE shop_id = $1', [shop]);
      return 'its row is deleted';
    };
    return { check, shop, object, detail, advice: 'delete its row in public.spare_roles', fix };
  });
}

/** An orphan whose remains `removeTenant` removes, which refuses to touch the tenant of a shop. */
function removable(
  { installation }: Tools,
  check: CheckName | 'tenant-without-shop',
  id: string,
  object: string,
  detail: string,
): Orphan {
  const fix = async () => {
    const objects = await removeTenant(installation, id);
    return `it is removed, with ${objects} tables and other objects`;
  };
  return {
    check,
    shop: id,
    object,
    detail,
    advice: 'remove schema, role and rows, as far as they exist',
    fix,
  };
}
