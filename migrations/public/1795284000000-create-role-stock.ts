import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Ids of future tenants whose roles are already made and granted, many in one transaction.
 *
 * The cost of `claim_tenant` grew with the number of tenants: a join may read all of `tenants`, while a subquery in the
 * condition reads only its row. Ids are in order of time, so their index returns the oldest first.
 */
export class CreateRoleStock1795284000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE role_stock (shop_id uuid NOT NULL CONSTRAINT role_stock_pkey PRIMARY KEY)`,
    );
    await queryRunner.query(`
      CREATE OR REPLACE FUNCTION claim_tenant(least_version bigint) RETURNS uuid
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $claim$
      DECLARE
        taken uuid;
      BEGIN
        DELETE FROM public.tenant_stock WHERE shop_id = (
          SELECT s.shop_id FROM public.tenant_stock s
          WHERE (SELECT t.version >= least_version AND t.serves_from <= least_version
                 FROM public.tenants t WHERE t.shop_id = s.shop_id)
          ORDER BY s.shop_id LIMIT 1 FOR UPDATE SKIP LOCKED
        ) RETURNING shop_id INTO taken;
        RETURN taken;
      END $claim$`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE OR REPLACE FUNCTION claim_tenant(least_version bigint) RETURNS uuid
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $claim$
      DECLARE
        taken uuid;
      BEGIN
        DELETE FROM public.tenant_stock WHERE shop_id = (
          SELECT s.shop_id FROM public.tenant_stock s JOIN public.tenants t ON t.shop_id = s.shop_id
          WHERE t.version >= least_version AND t.serves_from <= least_version
          ORDER BY s.created_at, s.shop_id LIMIT 1 FOR UPDATE OF s SKIP LOCKED
        ) RETURNING shop_id INTO taken;
        RETURN taken;
      END $claim$`);
    await queryRunner.query(`DROP TABLE role_stock`);
  }
}
