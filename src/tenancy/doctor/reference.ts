import { newId } from '../../common/ids';
import { OperatorError } from '../../common/report';
import { INVALID_AUTHORIZATION, INVALID_PASSWORD, sqlState } from '../../common/sqlstate';
import type { OpeningClient } from '../../database/borrowed-client';
import { quoteLiteral } from '../../database/identifiers';
import { adminOf, type Installation } from '../../database/installation';
import { withClient } from '../../database/with-client';
import { provisionSql } from '../provision-sql';
import { TenantLocator } from '../tenant-locator';
import type { TenantMigrations } from '../tenant-migrations';
import { grantsSql, structureSql } from './catalogue';

/** What a tenant of the newest version looks like, as JSON for PostgreSQL to compare others with. */
export interface Reference {
  /** Rows of (kind, tbl, object, value). */
  structure: string;
  /** Rows of (kind, object, rights) of the tenant's own role. */
  grants: string;
}

/**
 * Provisions a tenant by the very SQL that makes real ones, reads what became of it and rolls it back: nobody
 * else ever sees it, and there is no second definition that could age.
 * @throws OperatorError when the admin login cannot log in
 */
export async function buildReference(
  installation: Installation,
  migrations: TenantMigrations,
): Promise<Reference> {
  const { roles } = installation;
  const placement = new TenantLocator().locate(newId());
  const schemas = `(SELECT oid, nspname::text AS schema FROM pg_namespace WHERE nspname = ${quoteLiteral(placement.schema)})`;
  return asAdmin(adminOf(installation).url, async (client) => {
    await client.open(`BEGIN; ${provisionSql(placement, roles, migrations.list)}`);
    try {
      await client.open('SET LOCAL search_path = pg_catalog');
      return {
        structure: await asJson(client, structureSql(schemas)),
        grants: await asJson(
          client,
          `SELECT kind, object, rights FROM (${grantsSql(schemas, quoteLiteral(roles.owner))}) g
           WHERE grantee = ${quoteLiteral(placement.role)}`,
        ),
      };
    } finally {
      await client.open('ROLLBACK');
    }
  });
}

async function asJson(client: OpeningClient, sql: string): Promise<string> {
  const { rows } = await client.query<{ json: string }>(`SELECT json_agg(r)::text AS json FROM (${sql}) r`);
  return rows[0]!.json; // an aggregate has one row, and a new tenant has tables and rights
}

async function asAdmin<T>(url: string, work: (client: OpeningClient) => Promise<T>): Promise<T> {
  try {
    return await withClient(url, 'doctor reference', work);
  } catch (error) {
    if (![INVALID_AUTHORIZATION, INVALID_PASSWORD].includes(sqlState(error) ?? '')) throw error;
    throw new OperatorError(
      'The admin login cannot log in. Start the program on this database once, with the same APP_SECRET.',
      { cause: error },
    );
  }
}
