import { newId } from '../../common/ids';
import { OperatorError } from '../../common/report';
import { DENIED, INVALID_AUTHORIZATION, INVALID_PASSWORD, sqlState } from '../../common/sqlstate';
import type { EngineClient } from '../../database/engine-client';
import { quoteLiteral } from '../../database/identifiers';
import { adminOf, type Installation } from '../../database/installation';
import type { Roles } from '../../database/roles';
import type { Migration } from '../../database/schema-migrations';
import { withClient } from '../../database/with-client';
import { provisionSql } from '../../tenancy/provision-sql';
import { TenantLocator } from '../../tenancy/tenant-locator';
import { grantsSql, SHOP, structureSql } from './catalogue';
import { constructsSql } from './constructs';

/** A table, column, index or constraint. */
export interface Element {
  kind: 'table' | 'column' | 'index' | 'constraint';
  tbl: string;
  object: string;
  /** Definition as PostgreSQL spells it, or its components as JSON. */
  value: string;
}

/** Rights of the tenant's own role on an object. */
export interface Grant {
  kind: 'schema' | 'table' | 'column' | 'default';
  tbl: string | null;
  name: string | null;
  object: string;
  rights: string;
}

/** A fresh tenant that has certain migrations and no others. */
export interface Reference {
  migrations: readonly Migration[];
  structure: Element[];
  /** These elements by their components. */
  components: Element[];
  grants: Grant[];
  /** Forbidden constructs that a migration was allowed to create. */
  constructs: { check: string; object: string; detail: string }[];
}

/** Builds the reference of each set of migrations once. */
export class References {
  private readonly built = new Map<string, Reference | Error>();

  constructor(private readonly installation: Installation) {}

  /**
   * @returns the error of PostgreSQL if the migrations cannot follow one another, such as a later one without the one
   *   that it builds on
   * @throws OperatorError if the admin login cannot log in
   */
  async of(migrations: readonly Migration[]): Promise<Reference | Error> {
    const key = migrations.map(({ version }) => version).join(',');
    const reference = this.built.get(key) ?? (await this.build(migrations));
    this.built.set(key, reference);
    return reference;
  }

  private async build(migrations: readonly Migration[]): Promise<Reference | Error> {
    try {
      return await buildReference(this.installation, migrations);
    } catch (error) {
      const state = sqlState(error) ?? '';
      if (error instanceof Error && state.startsWith('42') && state !== DENIED) return error;
      throw error;
    }
  }
}

/**
 * Provisions a tenant by the SQL that makes real ones, reads the result and rolls it back: no other session ever sees
 * it, and there is no second definition to keep up to date.
 */
async function buildReference(
  installation: Installation,
  migrations: readonly Migration[],
): Promise<Reference> {
  const { roles } = installation;
  const placement = new TenantLocator().locate(newId());
  return asAdmin(adminOf(installation).url, async (client) => {
    await client.exec('BEGIN');
    try {
      await client.exec(provisionSql(placement, roles, migrations));
      await client.exec('SET LOCAL search_path = pg_catalog');
      return { migrations, ...(await read(client, roles, placement.schema)) };
    } finally {
      await client.exec('ROLLBACK');
    }
  });
}

async function read(
  client: EngineClient,
  roles: Roles,
  schema: string,
): Promise<Omit<Reference, 'migrations'>> {
  const schemas = `(SELECT oid, nspname::text AS schema FROM pg_namespace WHERE nspname = ${quoteLiteral(schema)})`;
  const rowsOf = async <T extends object>(sql: string) => (await client.query<T>(sql)).rows;
  return {
    structure: await rowsOf(`SELECT kind, tbl, object, value FROM (${structureSql(schemas)}) s`),
    components: await rowsOf(
      `SELECT kind, tbl, object, value FROM (${structureSql(schemas, 'components')}) s`,
    ),
    grants: await rowsOf(
      `SELECT kind, tbl, name, object, rights FROM (${grantsSql(schemas, quoteLiteral(roles.owner))}) g
       WHERE grantee = ${quoteLiteral(schema)}`,
    ),
    constructs: await rowsOf(
      `SELECT "check", object, replace(detail, schema, '${SHOP}') AS detail FROM (${constructsSql(schemas, roles)}) c`,
    ),
  };
}

async function asAdmin<T>(url: string, work: (client: EngineClient) => Promise<T>): Promise<T> {
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
