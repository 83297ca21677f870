import type { Roles } from '../../../../src/database/roles';

export interface FleetShop {
  id: string;
  slug: string;
  /** Name of schema and role. */
  schema: string;
}

export interface Fleet {
  a: FleetShop;
  b: FleetShop;
  roles: Roles;
  database: string;
  /** A user who owns a shop. */
  user: string;
}

/** Check, slug or id of the shop, object. */
export type Named = [check: string, shop: string | null, object: string];

export interface Fault {
  name: string;
  /** SQL of the superuser. */
  inject: (fleet: Fleet) => string;
  found: (fleet: Fleet) => Named[];
  repair: (fleet: Fleet) => string;
}

export const NOBODY = '00000000-0000-4000-8000-00000000dead';
export const NOBODYS = `shop_${NOBODY.replaceAll('-', '')}`;

export const asOwner = ({ roles }: Fleet, sql: string) => `SET ROLE "${roles.owner}"; ${sql}; RESET ROLE;`;

/** As the creator of shop A's role: the admin login itself before PostgreSQL 16. */
export const asCreator = ({ a, roles }: Fleet, sql: string) => `
  SELECT set_config('role', coalesce((SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
    WHERE m.roleid = '${a.schema}'::regrole AND m.admin_option AND r.rolname <> '${roles.tenant}'), '${roles.admin}'), false);
  ${sql}; RESET ROLE;`;

/** A fault inside shop A that the owner injects and repairs. */
export function inside(
  name: string,
  check: string,
  object: string,
  inject: (schema: string, fleet: Fleet) => string,
  repair: (schema: string, fleet: Fleet) => string,
  more: [check: string, object: string][] = [],
): Fault {
  return {
    name,
    inject: (fleet) => asOwner(fleet, inject(fleet.a.schema, fleet)),
    found: ({ a }) => [[check, object] as const, ...more].map(([c, o]) => [c, a.slug, o]),
    repair: (fleet) => asOwner(fleet, repair(fleet.a.schema, fleet)),
  };
}
