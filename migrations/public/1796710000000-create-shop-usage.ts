import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Rows and size of each shop as they were last measured, for quotas, and the function that measures: from PostgreSQL's own
 * statistics, through indexes of the catalogue, without a lock and without reading a row of the shop. Rows are the live ones that
 * the statistics count; a server that has lost them after a crash has the estimate of ANALYZE. Sizes are the pages that VACUUM and
 * ANALYZE last counted. It runs with the rights of the owner, who may read the catalogue.
 */
export class CreateShopUsage1796710000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE shop_usage (
        shop_id uuid CONSTRAINT shop_usage_pkey PRIMARY KEY
          CONSTRAINT shop_usage_shop_id_fkey REFERENCES shops (id) ON DELETE CASCADE,
        rows bigint NOT NULL,
        bytes bigint NOT NULL,
        measured_at timestamptz NOT NULL
      )`);
    await queryRunner.query(`
      CREATE FUNCTION measure_shop(shop uuid, max_age_ms integer, OUT rows bigint, OUT bytes bigint)
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
      BEGIN
        SELECT u.rows, u.bytes INTO measure_shop.rows, measure_shop.bytes FROM public.shop_usage u
        WHERE u.shop_id = shop AND u.measured_at > clock_timestamp() - make_interval(secs => max_age_ms / 1000.0);
        IF FOUND THEN
          RETURN;
        END IF;
        SELECT coalesce(sum(CASE WHEN s.live > 0 THEN s.live ELSE greatest(c.reltuples, 0)::bigint END), 0)::bigint,
          (coalesce(sum(c.relpages + coalesce(t.relpages, 0) + coalesce(i.pages, 0)), 0)
            * current_setting('block_size')::bigint)::bigint
        INTO measure_shop.rows, measure_shop.bytes
        FROM pg_namespace n
          JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid AND d.classid = 'pg_class'::regclass
          JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'r'
          LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
          CROSS JOIN LATERAL (SELECT pg_stat_get_live_tuples(c.oid) AS live) s
          CROSS JOIN LATERAL (SELECT sum(x.relpages) AS pages FROM pg_index j JOIN pg_class x ON x.oid = j.indexrelid
            WHERE j.indrelid = c.oid) i
        WHERE n.nspname = 'shop_' || replace(shop::text, '-', '');
        INSERT INTO public.shop_usage AS u (shop_id, rows, bytes, measured_at)
        SELECT s.id, measure_shop.rows, measure_shop.bytes, clock_timestamp() FROM public.shops s WHERE s.id = shop
        ON CONFLICT (shop_id) DO UPDATE SET rows = excluded.rows, bytes = excluded.bytes, measured_at = excluded.measured_at;
      END
      $body$`);
    await queryRunner.query(`REVOKE ALL ON FUNCTION measure_shop(uuid, integer) FROM PUBLIC`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION measure_shop(uuid, integer)`);
    await queryRunner.query(`DROP TABLE shop_usage`);
  }
}
