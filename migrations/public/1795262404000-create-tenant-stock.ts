import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Tenants made in advance, without a shop yet, and the function by which the public login claims one. It runs with the
 * owner's rights, so the path is pinned and every name is qualified (PostgreSQL manual, CREATE FUNCTION, "Writing
 * SECURITY DEFINER Functions Safely").
 */
export class CreateTenantStock1795262404000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE tenant_stock (
        shop_id uuid NOT NULL CONSTRAINT tenant_stock_pkey PRIMARY KEY,
        version bigint NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await queryRunner.query(
      `ALTER TABLE tenants ALTER CONSTRAINT tenants_shop_id_fkey DEFERRABLE INITIALLY DEFERRED`,
    );
    await queryRunner.query(`
      CREATE FUNCTION claim_tenant(least_version bigint) RETURNS uuid
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $claim$
      DECLARE
        taken uuid;
        taken_version bigint;
      BEGIN
        DELETE FROM public.tenant_stock WHERE shop_id = (
          SELECT s.shop_id FROM public.tenant_stock s WHERE s.version >= least_version
          ORDER BY s.created_at, s.shop_id LIMIT 1 FOR UPDATE SKIP LOCKED
        ) RETURNING shop_id, version INTO taken, taken_version;
        IF taken IS NOT NULL THEN
          INSERT INTO public.tenants (shop_id, version) VALUES (taken, taken_version);
        END IF;
        RETURN taken;
      END $claim$`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION claim_tenant(bigint)`);
    await queryRunner.query(`ALTER TABLE tenants ALTER CONSTRAINT tenants_shop_id_fkey NOT DEFERRABLE`);
    await queryRunner.query(`DROP TABLE tenant_stock`);
  }
}
