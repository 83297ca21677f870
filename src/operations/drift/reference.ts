import { newId } from '../../common/ids';
import { OperatorError } from '../../common/report';
import { INVALID_AUTHORIZATION, INVALID_PASSWORD, sqlState } from '../../common/sqlstate';
import type { OpeningClient } from '../../database/borrowed-client';
import { quoteLiteral } from '../../database/identifiers';
import { adminOf, type Installation } from '../../database/installation';
import type { Roles } from '../../database/roles';
import { withClient } from '../../database/with-client';
import { provisionSql } from '../../tenancy/provision-sql';
import { TenantLocator } from '../../tenancy/tenant-locator';
import type { TenantMigrations } from '../../tenancy/tenant-migrations';
import { grantsSql, SHOP, structureSql } from './catalogue';
import { constructsSql } from './constructs';

/** A table, column, index or constraint. */
export interface Thing {
  kind: 'table' | 'column' | 'index' | 'constraint';
  tbl: string;
  object: string;
  /** In PostgreSQL's words, or in parts as JSON. */
  value: string;
}

/** What the tenant's own role may do with something. */
export interface Grant {
  kind: 'schema' | 'table' | 'column' | 'default';
  tbl: string | null;
  name: string | null;
  object: string;
  rights: string;
}

/** What a tenant that has all of some migrations looks like. */
export interface Reference {
  structure: Thing[];
  /** The same things in parts. */
  parts: Thing[];
  grants: Grant[];
  /** What a migration makes although no tenant should have it: one that was allowed to, say. */
  constructs: { check: string; object: string; detail: string }[];
}

/**
 * Provisions a tenant by the very SQL that makes real ones, reads what became of it and rolls it back: nobody
 * else ever sees it, and there is no second definition that could age.
 * @throws OperatorError when the admin login cannot log in; the server's error when the migrations do not go
 *   together
 */
export async function buildReference(
  installation: Installation,
  migrations: TenantMigrations,
): Promise<Reference> {
  const { roles } = installation;
  const placement = new TenantLocator().locate(newId());
  return asAdmin(adminOf(installation).url, async (client) => {
    await client.open('BEGIN');
    try {
      await client.open(provisionSql(placement, roles, migrations.list));
      await client.open('SET LOCAL search_path = pg_catalog');
      return await look(client, roles, placement.schema);
    } finally {
      await client.open('ROLLBACK');
    }
  });
}

async function look(client: OpeningClient, roles: Roles, schema: string): Promise<Reference> {
  const schemas = `(SELECT oid, nspname::text AS schema FROM pg_namespace WHERE nspname = ${quoteLiteral(schema)})`;
  const rowsOf = async <T extends object>(sql: string) => (await client.query<T>(sql)).rows;
  return {
    structure: await rowsOf(`SELECT kind, tbl, object, value FROM (${structureSql(schemas)}) s`),
    parts: await rowsOf(`SELECT kind, tbl, object, value FROM (${structureSql(schemas, 'parts')}) s`),
    grants: await rowsOf(
      `SELECT kind, tbl, name, object, rights FROM (${grantsSql(schemas, quoteLiteral(roles.owner))}) g
       WHERE grantee = ${quoteLiteral(schema)}`,
    ),
    constructs: await rowsOf(
      `SELECT "check", object, replace(detail, schema, '${SHOP}') AS detail FROM (${constructsSql(schemas, roles)}) c`,
    ),
  };
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
