import { quoteIdent } from '../database/identifiers';
import type { Roles } from '../database/roles';
import { applySql, CREATE_VERSION_TABLE, type Migration } from '../database/schema-migrations';
import { tenantRolesSql } from './role-creators';
import type { Placement } from './tenant';
import { ENGINE_TABLES } from './tenant-migrations';

/**
 * SQL that creates a tenant's role, schema and tables: one message inside an open transaction of the admin login. The
 * tables come from the migrations that every other tenant has.
 */
export function provisionSql(placement: Placement, roles: Roles, migrations: readonly Migration[]): string {
  return tenantRolesSql([placement], roles) + schemaSql(placement, roles, migrations);
}

/**
 * SQL that creates schema and tables for an existing role. Rights come from default privileges that are set before the
 * tables: `GRANT … ON ALL TABLES` scans the whole catalogue, 7 ms at 1,000 tenants and 73 ms at 7,000
 * (docs/decisions/0004-provisioning-in-one-transaction.md).
 */
export function schemaSql(placement: Placement, roles: Roles, migrations: readonly Migration[]): string {
  const schema = quoteIdent(placement.schema);
  const role = quoteIdent(placement.role);
  return `
    CREATE SCHEMA ${schema} AUTHORIZATION ${quoteIdent(roles.owner)};
    ${actAsOwner(placement.schema, roles.owner)}
    GRANT USAGE ON SCHEMA ${schema} TO ${role};
    ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${role};
    ${CREATE_VERSION_TABLE}
    ${migrations.map(applySql).join('')}
    ${engineTableRights(placement)}
    RESET ROLE;
    SET LOCAL search_path TO public, pg_temp;`;
}

/** SQL that revokes write access to the engine's own tables in the schema. */
export function engineTableRights({ schema, role }: Placement): string {
  const tables = ENGINE_TABLES.map((table) => `${quoteIdent(schema)}.${quoteIdent(table)}`).join(', ');
  return `REVOKE INSERT, UPDATE, DELETE ON ${tables} FROM ${quoteIdent(role)};`;
}

/** SQL that makes the owner act in the schema, until the transaction ends: unqualified names are the schema's. */
export function actAsOwner(schema: string, owner: string): string {
  return `SET LOCAL ROLE ${quoteIdent(owner)}; SET LOCAL search_path TO ${quoteIdent(schema)}, pg_temp;`;
}
