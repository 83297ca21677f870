import type { Client } from 'pg';
import { OperatorError } from '../common/report';

/** Tables that such commands read and that older versions of the program did not have. */
const LATER_TABLES = ['spare_tenants', 'former_slugs', 'operations'];

/**
 * Checks that the database has the tables that commands about all tenants read.
 * @throws OperatorError on a database that the program never ran on, or that only an older version ran on
 */
export async function assertInstalled(client: Client): Promise<void> {
  const { rows } = await client.query<{ hasTenants: boolean; isOlder: boolean }>(
    `SELECT to_regclass('public.tenants') IS NOT NULL AS "hasTenants",
       EXISTS (SELECT FROM unnest($1::text[]) AS t (name) WHERE to_regclass('public.' || name) IS NULL) AS "isOlder"`,
    [LATER_TABLES],
  );
  const { hasTenants, isOlder } = rows[0]!; // one row
  if (!hasTenants)
    throw new OperatorError(
      'The tables of the program are missing. Start the program on this database once.',
    );
  if (isOlder)
    throw new OperatorError('The database is older than the program: run `npm run migrate:public` first.');
}
