import { quoteIdent, quoteLiteral } from '../database/identifiers';
import type { Roles } from '../database/roles';
import type { Placement } from './tenant';

/**
 * A maker gets no more roles once it has so many. A backend of the admin login reads as many memberships again after each
 * new role, and one for each maker: 250 and 40 at 10,000 tenants, 250 and 400 at 100,000
 * (docs/decisions/0022-makers-of-roles.md).
 */
const ROLES_A_MAKER = 250;

/** What the names of an installation's makers begin with; a number follows. */
export function makerPrefix({ admin }: Roles): string {
  return `${admin}_maker_`;
}

/**
 * SQL that makes the roles of tenants, as one statement in an open transaction of the admin login.
 *
 * From PostgreSQL 16 on whoever makes a role becomes a member of it, and its backends read all such memberships
 * before their first statement and after each new role: 25 ms at 10,000 tenants. So makers, roles that nobody logs in
 * as, make them in turn. The admin login may become the newest one only, which keeps it from looking behind the others. Before 16
 * it makes them itself.
 */
export function tenantRolesSql(placements: readonly Placement[], roles: Roles): string {
  return `DO ${quoteLiteral(makeRoles(placements, roles))};`;
}

function makeRoles(placements: readonly Placement[], roles: Roles): string {
  const admin = quoteLiteral(quoteIdent(roles.admin));
  const prefix = quoteLiteral(makerPrefix(roles));
  const findNewest = `
        SELECT r.rolname, (SELECT count(*) FROM pg_auth_members WHERE member = r.oid) INTO maker, made
        FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
        WHERE m.member = ${admin}::regrole AND m.set_option AND starts_with(r.rolname, ${prefix});`;
  const isFull = `coalesce(made, ${ROLES_A_MAKER}) >= ${ROLES_A_MAKER}`;
  return `
    DECLARE
      maker text;
      made int;
      next_maker text;
    BEGIN
      IF current_setting('server_version_num')::int >= 160000 THEN
        ${findNewest}
        IF ${isFull} THEN
          PERFORM pg_advisory_xact_lock(hashtextextended('role makers', 0)); -- another may be at it
          ${findNewest}
        END IF;
        IF ${isFull} THEN
          SELECT ${prefix} || 1 + coalesce(max(substr(rolname, 1 + length(${prefix}))::int), 0) INTO next_maker
          FROM pg_roles WHERE starts_with(rolname, ${prefix});
          EXECUTE format('CREATE ROLE %I NOLOGIN CREATEROLE', next_maker);
          EXECUTE format('GRANT %I TO %s WITH SET TRUE, INHERIT FALSE', next_maker, ${admin});
          IF maker IS NOT NULL THEN
            EXECUTE format('REVOKE %I FROM %s', maker, ${admin});
          END IF;
          maker := next_maker;
        END IF;
        EXECUTE format('SET LOCAL ROLE %I', maker);
      END IF;
      ${placements.map((placement) => roleSql(placement, roles)).join('\n')}
      RESET ROLE;
    END`;
}

/**
 * With the tenant login as its member from the start: a GRANT would first look through all roles that their maker may hand
 * on (docs/decisions/0004-provisioning-in-one-transaction.md).
 */
function roleSql({ role }: Placement, { tenant }: Roles): string {
  return `CREATE ROLE ${quoteIdent(role)} NOLOGIN ROLE ${quoteIdent(tenant)};`;
}
