import type { Client } from 'pg';
import { quoteIdent, quoteLiteral } from './identifiers';
import type { Roles } from './roles';

/**
 * Renames the role creators that an earlier version created, which are those that the admin login may administer. Roles
 * belong to the whole server, so no migration of `public` can do it. A program of that version that runs beside this one
 * may create another; the next start renames it too. Afterwards the admin login may become only the newest, as
 * docs/decisions/0022-role-creators.md demands. To be removed together with the views that
 * migrations/public/1795918000000-rename-spare-tenants.ts makes.
 * @param client of the admin login
 */
export async function renameRoleCreators(client: Client, { admin }: Roles): Promise<void> {
  const before = quoteLiteral(`${admin}_maker_`);
  const now = quoteLiteral(`${admin}_creator_`);
  const login = `${quoteLiteral(quoteIdent(admin))}::regrole`;
  const numberOf = (prefix: string) =>
    `substring(substr(r.rolname, 1 + length(${prefix})) FROM '^[1-9][0-9]{0,5}$')::int`;
  const administered = (prefix: string) => `pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
    WHERE m.member = ${login} AND starts_with(r.rolname, ${prefix}) AND ${numberOf(prefix)} > 0`;
  await client.query(
    `DO ${quoteLiteral(`
    DECLARE
      old text;
      number int;
    BEGIN
      IF current_setting('server_version_num')::int < 160000 -- it has no creators
        OR NOT EXISTS (SELECT FROM ${administered(before)} AND m.admin_option) THEN
        RETURN;
      END IF;
      SET LOCAL lock_timeout = 0;
      PERFORM pg_advisory_xact_lock(hashtextextended('role creators', 0));
      FOR old, number IN
        SELECT r.rolname, ${numberOf(before)} FROM ${administered(before)} AND m.admin_option ORDER BY 2
      LOOP
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = ${now} || number) THEN
          SELECT 1 + max(${numberOf(now)}) INTO number FROM pg_roles r WHERE starts_with(r.rolname, ${now});
        END IF;
        EXECUTE format('ALTER ROLE %I RENAME TO %I', old, ${now} || number);
      END LOOP;
      FOR old IN
        SELECT r.rolname FROM ${administered(now)} AND m.grantor = m.member AND m.set_option
        ORDER BY ${numberOf(now)} DESC OFFSET 1
      LOOP
        EXECUTE format('REVOKE %I FROM CURRENT_USER', old);
      END LOOP;
    END`)}`,
  );
}
