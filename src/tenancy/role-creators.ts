import { MAX_IDENTIFIER_BYTES, quoteIdent, quoteLiteral } from '../database/identifiers';
import type { Roles } from '../database/roles';
import type { Placement } from './tenant';

/**
 * A creator that has so many roles makes no more; a batch may take it beyond. A backend of the admin login reads as many
 * memberships again after each new role, and one for each creator: 250 and 40 at 10,000 tenants, 250 and 400 at 100,000
 * (docs/decisions/0022-role-creators.md).
 */
const ROLES_PER_CREATOR = 250;
/** Digits of a creator's number: enough for 250 million tenants. */
const DIGITS = 6;
/** Times that a creator is looked for: another transaction may be replacing it. */
const ATTEMPTS = 3;

/** What the names of an installation's creators begin with; a number follows. */
function creatorPrefix({ admin }: Roles): string {
  return `${admin}_creator_`;
}

/** SQL: the number of a creator of this installation, by the name of a role; null for all other roles. */
export function creatorNumber(name: string, roles: Roles): string {
  const prefix = quoteLiteral(creatorPrefix(roles));
  return `CASE WHEN starts_with(${name}, ${prefix})
    THEN substring(substr(${name}, 1 + length(${prefix})) FROM '^[1-9][0-9]{0,${DIGITS - 1}}$')::int END`;
}

/**
 * SQL that makes the roles of tenants, as one statement in an open transaction of the admin login.
 *
 * From PostgreSQL 16 on whoever makes a role becomes a member of it, and its backends read all such memberships
 * before their first statement and after each new role: 25 ms at 10,000 tenants. So creators, roles that nobody logs in
 * as, make them in turn. The admin login may become the newest one only, which keeps it from looking behind the others.
 * Before 16, and where the database's name leaves no room for a creator's, it makes them itself.
 */
export function tenantRolesSql(placements: readonly Placement[], roles: Roles): string {
  const make = placements.map((placement) => roleSql(placement, roles)).join('\n');
  const hasRoom = Buffer.byteLength(creatorPrefix(roles)) + DIGITS <= MAX_IDENTIFIER_BYTES;
  return `DO ${quoteLiteral(`BEGIN ${hasRoom ? becomeCreator(roles) : ''} ${make} RESET ROLE; END`)};`;
}

/** A block in plpgsql. It takes turns with others that find the newest creator full, until their transactions end. */
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
        EXCEPTION WHEN insufficient_privilege THEN -- replaced since it was found
          IF attempt = ${ATTEMPTS} THEN RAISE; END IF;
        END;
      END LOOP;
    END;`;
}

/**
 * With the tenant login as its member from the start: a GRANT would first look through all roles that their creator may hand
 * on (docs/decisions/0004-provisioning-in-one-transaction.md).
 */
function roleSql({ role }: Placement, { tenant }: Roles): string {
  return `CREATE ROLE ${quoteIdent(role)} NOLOGIN ROLE ${quoteIdent(tenant)};`;
}
