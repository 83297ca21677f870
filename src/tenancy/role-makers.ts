import { MAX_IDENTIFIER_BYTES, quoteIdent, quoteLiteral } from '../database/identifiers';
import type { Roles } from '../database/roles';
import type { Placement } from './tenant';

/**
 * A maker that has so many roles makes no more; a batch may take it beyond. A backend of the admin login reads as many
 * memberships again after each new role, and one for each maker: 250 and 40 at 10,000 tenants, 250 and 400 at 100,000
 * (docs/decisions/0022-makers-of-roles.md).
 */
const ROLES_A_MAKER = 250;
/** Digits of a maker's number: enough for 250 million tenants. */
const DIGITS = 6;
/** Times that a maker is looked for: another transaction may be replacing it. */
const ATTEMPTS = 3;

/** What the names of an installation's makers begin with; a number follows. */
function makerPrefix({ admin }: Roles): string {
  return `${admin}_maker_`;
}

/** SQL: the number of a maker of this installation, by the name of a role; null for all other roles. */
export function makerNumber(name: string, roles: Roles): string {
  const prefix = quoteLiteral(makerPrefix(roles));
  return `CASE WHEN starts_with(${name}, ${prefix})
    THEN substring(substr(${name}, 1 + length(${prefix})) FROM '^[1-9][0-9]{0,${DIGITS - 1}}$')::int END`;
}

/**
 * SQL that makes the roles of tenants, as one statement in an open transaction of the admin login.
 *
 * From PostgreSQL 16 on whoever makes a role becomes a member of it, and its backends read all such memberships
 * before their first statement and after each new role: 25 ms at 10,000 tenants. So makers, roles that nobody logs in
 * as, make them in turn. The admin login may become the newest one only, which keeps it from looking behind the others.
 * Before 16, and where the database's name leaves no room for a maker's, it makes them itself.
 */
export function tenantRolesSql(placements: readonly Placement[], roles: Roles): string {
  const make = placements.map((placement) => roleSql(placement, roles)).join('\n');
  const hasRoom = Buffer.byteLength(makerPrefix(roles)) + DIGITS <= MAX_IDENTIFIER_BYTES;
  return `DO ${quoteLiteral(`BEGIN ${hasRoom ? becomeMaker(roles) : ''} ${make} RESET ROLE; END`)};`;
}

/** A block in plpgsql. It takes turns with others that find the newest maker full, until their transactions end. */
function becomeMaker(roles: Roles): string {
  const admin = quoteLiteral(quoteIdent(roles.admin));
  const prefix = quoteLiteral(makerPrefix(roles));
  const findNewest = `
          SELECT r.rolname, (SELECT count(DISTINCT roleid) FROM pg_auth_members WHERE member = r.oid) INTO maker, made
          FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
          WHERE m.member = ${admin}::regrole AND m.set_option AND ${makerNumber('r.rolname', roles)} > 0
          ORDER BY ${makerNumber('r.rolname', roles)} DESC LIMIT 1;`;
  const isFull = `coalesce(made, ${ROLES_A_MAKER}) >= ${ROLES_A_MAKER}`;
  return `
    DECLARE
      maker text;
      made int;
      next_maker text;
    BEGIN
      FOR attempt IN 1..${ATTEMPTS} LOOP
        EXIT WHEN current_setting('server_version_num')::int < 160000;
        BEGIN
          ${findNewest}
          IF ${isFull} THEN
            PERFORM pg_advisory_xact_lock(hashtextextended('role makers', 0));
            ${findNewest}
          END IF;
          IF ${isFull} THEN
            SELECT ${prefix} || 1 + coalesce(max(${makerNumber('rolname', roles)}), 0) INTO next_maker FROM pg_roles;
            EXECUTE format('CREATE ROLE %I NOLOGIN CREATEROLE', next_maker);
            EXECUTE format('GRANT %I TO %s WITH SET TRUE, INHERIT FALSE', next_maker, ${admin});
            IF maker IS NOT NULL THEN
              EXECUTE format('REVOKE %I FROM %s', maker, ${admin});
            END IF;
            maker := next_maker;
          END IF;
          EXECUTE format('SET LOCAL ROLE %I', maker);
          EXIT;
        EXCEPTION WHEN insufficient_privilege THEN -- replaced since it was found
          IF attempt = ${ATTEMPTS} THEN RAISE; END IF;
        END;
      END LOOP;
    END;`;
}

/**
 * With the tenant login as its member from the start: a GRANT would first look through all roles that their maker may hand
 * on (docs/decisions/0004-provisioning-in-one-transaction.md).
 */
function roleSql({ role }: Placement, { tenant }: Roles): string {
  return `CREATE ROLE ${quoteIdent(role)} NOLOGIN ROLE ${quoteIdent(tenant)};`;
}
