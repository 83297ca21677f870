import type { Client } from 'pg';
import { OperatorError } from '../common/report';

/**
 * Checks that the database has the tables that commands about all tenants read.
 * @throws OperatorError on a database that the program never ran on, or that only an older version ran on
 */
export async function assertInstalled(client: Client): Promise<void> {
  const { rows } = await client.query<{ hasTenants: boolean; hasFormerSlugs: boolean }>(
    `SELECT to_regclass('public.tenants') IS NOT NULL AS "hasTenants",
       to_regclass('public.former_slugs') IS NOT NULL AS "hasFormerSlugs"`,
  );
  const { hasTenants, hasFormerSlugs } = rows[0]!; // one row
  if (!hasTenants)
    throw new OperatorError(
      'The tables of the program are missing. Start the program on this database once.',
    );
  if (!hasFormerSlugs)
    throw new OperatorError('The database is older than the program: run `npm run migrate:public` first.');
}
