import type { Client } from 'pg';
import { quoteLiteral } from './identifiers';
import type { Roles } from './roles';

/**
 * Renames role creators that an earlier version created. Roles belong to the whole server, so no
 * migration of `public` can do it: the admin login created them and may rename them. To be removed together with
 * the views that migrations/public/1795918000000-rename-spare-tenants.ts makes.
 * @param client of the admin login
 */
export async function renameRoleCreators(client: Client, { admin }: Roles): Promise<void> {
  const [before, now] = [`${admin}_maker_`, `${admin}_creator_`].map(quoteLiteral);
  await client.query(
    `DO ${quoteLiteral(`
    DECLARE
      old text;
      number text;
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended('role creators', 0));
      FOR old, number IN
        SELECT rolname, substr(rolname, 1 + length(${before})) FROM pg_roles WHERE starts_with(rolname, ${before})
      LOOP
        CONTINUE WHEN number !~ '^[1-9][0-9]{0,5}$';
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = ${now} || number) THEN
          SELECT 1 + max(substr(rolname, 1 + length(${now}))::int) INTO number FROM pg_roles
          WHERE starts_with(rolname, ${now}) AND substr(rolname, 1 + length(${now})) ~ '^[1-9][0-9]{0,5}$';
        END IF;
        EXECUTE format('ALTER ROLE %I RENAME TO %I', old, ${now} || number);
      END LOOP;
    END`)}`,
  );
}
