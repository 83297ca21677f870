import type { MigrationInterface, QueryRunner } from 'typeorm';

const AS_OWNER = 'SECURITY DEFINER SET search_path = pg_catalog, pg_temp';
const FUNCTIONS = ['shop_sizes()', 'shop_tables(uuid)', 'last_orders(uuid[])'];

/**
 * Facts about shops for operators, read with the rights of the owner of all tables: the login that serves operators sees
 * sizes and times, and neither the catalogue nor a row of a shop (docs/decisions/0013-functions-with-the-owners-rights.md).
 */
export class CreateShopFacts1796600201000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Pages as VACUUM, ANALYZE and CREATE INDEX last counted them: asking the file system for 10,000 shops takes minutes.
    await queryRunner.query(`
      CREATE FUNCTION shop_sizes(OUT shop_id uuid, OUT bytes bigint) RETURNS SETOF record
      LANGUAGE sql STABLE ROWS 10000 ${AS_OWNER} AS $body$
        WITH toast AS MATERIALIZED (SELECT oid, relpages FROM pg_class WHERE relkind = 't' AND relpages > 0),
          sizes AS (SELECT c.relnamespace, sum(c.relpages::bigint + coalesce(t.relpages, 0)) AS pages
            FROM pg_class c LEFT JOIN toast t ON t.oid = c.reltoastrelid
            WHERE c.relpages > 0 OR t.relpages > 0 GROUP BY c.relnamespace)
        SELECT substr(n.nspname, 6)::uuid, (s.pages * current_setting('block_size')::bigint)::bigint
        FROM pg_namespace n JOIN sizes s ON s.relnamespace = n.oid WHERE n.nspname ~ '^shop_[0-9a-f]{32}$'
      $body$`);
    await queryRunner.query(`
      CREATE FUNCTION shop_tables(shop uuid, OUT name text, OUT estimated_rows bigint, OUT bytes bigint) RETURNS SETOF record
      LANGUAGE sql STABLE ${AS_OWNER} AS $body$
        SELECT c.relname::text, greatest(c.reltuples, 0)::bigint, pg_total_relation_size(c.oid)
        FROM pg_class c WHERE c.relkind IN ('r', 'p')
          AND c.relnamespace = (SELECT n.oid FROM pg_namespace n WHERE n.nspname = 'shop_' || replace(shop::text, '-', ''))
      $body$`);
    // A shop without the table, or of a version before the column, has no answer.
    await queryRunner.query(`
      CREATE FUNCTION last_orders(shops uuid[], OUT shop_id uuid, OUT placed_at timestamptz) RETURNS SETOF record
      LANGUAGE plpgsql STABLE ${AS_OWNER} AS $body$
      BEGIN
        FOREACH shop_id IN ARRAY shops LOOP
          BEGIN
            EXECUTE format('SELECT max(coalesce(placed_at, created_at)) FROM %I.orders',
              'shop_' || replace(shop_id::text, '-', '')) INTO placed_at;
            RETURN NEXT;
          EXCEPTION WHEN invalid_schema_name OR undefined_table OR undefined_column THEN
            NULL;
          END;
        END LOOP;
      END
      $body$`);
    for (const signature of FUNCTIONS)
      await queryRunner.query(`REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const signature of FUNCTIONS) await queryRunner.query(`DROP FUNCTION ${signature}`);
  }
}
