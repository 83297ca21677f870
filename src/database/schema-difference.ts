import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { quoteIdent } from './identifiers';
import type { Migration } from './schema-migrations';
import { withClient } from './with-client';

export interface SchemaDifference {
  /** Statements that would bring the migrated schema to the entities, without any schema name. */
  up: string[];
  /** Their reverse, in the order to run them. */
  down: string[];
}

/**
 * Compares entities with the result of the migrations: applies all migrations to a temporary schema and computes what
 * TypeORM would change there. Empty lists mean that the two agree.
 * @param adminUrl login that may create a schema; the temporary one is dropped afterwards
 */
export async function schemaDifference(
  adminUrl: string,
  entities: EntityTarget<ObjectLiteral>[],
  migrations: readonly Pick<Migration, 'up'>[],
): Promise<SchemaDifference> {
  const schema = `reference_${randomBytes(6).toString('hex')}`;
  return withClient(adminUrl, 'compare', async (client) => {
    try {
      await client.query(`CREATE SCHEMA ${quoteIdent(schema)}`);
      await client.query(`SET search_path TO ${quoteIdent(schema)}, pg_temp`);
      for (const { up } of migrations) await client.query(up);
      return await compare(adminUrl, schema, entities);
    } finally {
      await client.query(`DROP SCHEMA IF EXISTS ${quoteIdent(schema)} CASCADE`);
    }
  });
}

async function compare(
  url: string,
  schema: string,
  entities: EntityTarget<ObjectLiteral>[],
): Promise<SchemaDifference> {
  const dataSource = new DataSource({
    type: 'postgres',
    driver: pg,
    url,
    entities: entities as never[],
    installExtensions: false,
    uuidExtension: 'pgcrypto', // a default of gen_random_uuid(), which needs no extension
    extra: { options: `-c search_path=${schema}`, max: 1 },
  });
  await dataSource.initialize();
  try {
    const { upQueries, downQueries } = await dataSource.driver.createSchemaBuilder().log();
    const bare = ({ query }: { query: string }) => query.replaceAll(`"${schema}".`, '');
    return { up: upQueries.map(bare), down: downQueries.toReversed().map(bare) };
  } finally {
    await dataSource.destroy();
  }
}
