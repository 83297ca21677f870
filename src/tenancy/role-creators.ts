import { MAX_IDENTIFIER_BYTES, quoteIdent, quoteLiteral } from '../database/identifiers';
import type { Roles } from '../database/roles';
import type { Placement } from './tenant';

/**
 * Number of roles after which a creator is replaced; a batch may exceed it. After each new role, a backend of the admin
 * login re-reads the memberships of the newest creator and one for each creator: 250 and 40 at 10,000 tenants, 250 and
 * 400 at 100,000 (docs/decisions/0022-role-creators.md).
 */
const ROLES_PER_CREATOR = 250;
/** Digits of a creator's number; six are enough for 250 million tenants. */
const DIGITS = 6;
/** Attempts to find the newest creator: another transaction may be replacing it. */
const ATTEMPTS = 3;

/** Prefix of the names of an installation's creators; a number follows. */
function creatorPrefix({ admin }: Roles): string {
  return `${admin}_creator_`;
}

/** SQL expression: number of the creator with this role name; null for roles that are not creators of this installation. */
export function creatorNumber(name: string, roles: Roles): string {
  const prefix = quoteLiteral(creatorPrefix(roles));
  return `CASE WHEN starts_with(${name}, ${prefix})
    THEN substring(substr(${name}, 1 + length(${prefix})) FROM '^[1-9][0-9]{0,${DIGITS - 1}}$')::int END`;
}

/**
 * SQL that creates the roles of tenants: one statement in an open transaction of the admin login.
 *
 * Since PostgreSQL 16 the creator of a role becomes a member of it, and its backends read all such memberships before
 * their first statement and after each new role: 25 ms at 10,000 tenants. So NOLOGIN roles, the role creators, create
 * them in turn. The admin login may become the newest one only, so it does not read the memberships of the others.
 * Before PostgreSQL 16, and if the database's name is too long for a creator's name, the admin login creates them.
 */
export function tenantRolesSql(placements: readonly Placement[], roles: Roles): string {
  const make = placements.map((placement) => roleSql(placement, roles)).join('\n');
  const hasRoom = Buffer.byteLength(creatorPrefix(roles)) + DIGITS <= MAX_IDENTIFIER_BYTES;
  return `DO ${quoteLiteral(`BEGIN ${hasRoom ? becomeCreator(roles) : ''} ${make} RESET ROLE; END`)};`;
}

/** PL/pgSQL block that becomes the newest creator. Transactions that find it full wait for one another. */
function becomeCreator(roles: Roles): string {
  const admin = quoteLiteral(quoteIdent(roles.admin));
  const prefix = quoteLiteral(creatorPrefix(roles));
  const findNewest = `
          SELECT r.rolname, (SELECT count(DISTINCT roleid) FROM pg_auth_members WHERE member = r.oid) INTO creator, made
          FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
          WHERE m.member = ${admin}::regrole AND m.set_option AND ${creatorNumber('r.rolname', roles)} > 0
          ORDER BY ${creatorNumber('r.rolname', roles)} DESC LIMIT 1;`;
  const isFull = `coalesce(made, ${ROLES_PER_CREATOR}) >= ${ROLES_PER_CREATOR}`;
  return `
    DECLARE
      creator text;
      made int;
      next_creator text;
    BEGIN
      FOR attempt IN 1..${ATTEMPTS} LOOP
        EXIT WHEN current_setting('server_version_num')::int < 160000;
        BEGIN
          ${findNewest}
          IF ${isFull} THEN
            PERFORM pg_advisory_xact_lock(hashtextextended('role creators', 0));
            ${findNewest}
          END IF;
          IF ${isFull} THEN
            SELECT ${prefix} || 1 + coalesce(max(${creatorNumber('rolname', roles)}), 0) INTO next_creator FROM pg_roles;
            EXECUTE format('CREATE ROLE %I NOLOGIN CREATEROLE', next_creator);
            EXECUTE format('GRANT %I TO %s WITH SET TRUE, INHERIT FALSE', next_creator, ${admin});
            IF creator IS NOT NULL THEN
              EXECUTE format('REVOKE %I FROM %s', creator, ${admin});
            END IF;
            creator := next_creator;
          END IF;
          EXECUTE format('SET LOCAL ROLE %I', creator);
          EXIT;
        EXCEPTION WHEN insufficient_privilege THEN -- another transaction has replaced it
          IF attempt = ${ATTEMPTS} THEN RAISE; END IF;
        END;
      END LOOP;
    END;`;
}

/**
 * Makes the tenant login a member in CREATE ROLE: a later GRANT would first search all roles that the creator may grant
 * (docs/decisions/0004-provisioning-in-one-transaction.md).
 */
function roleSql({ role }: Placement, { tenant }: Roles): string {
  return `CREATE ROLE ${quoteIdent(role)} NOLOGIN ROLE ${quoteIdent(tenant)};`;
}
