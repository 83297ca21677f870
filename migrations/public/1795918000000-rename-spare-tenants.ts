import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables by their new names; constraints keep the table's name in theirs. */
const RENAMED = [
  ['tenant_stock', 'spare_tenants', ['pkey', 'shop_id_fkey']],
  ['role_stock', 'spare_roles', ['pkey']],
] as const;

/**
 * The tables of the warm pool are named after what is in them: tenants and roles without a shop. Programs of the
 * version before go on to work while they are replaced: they find views under the old names, which a later
 * migration drops. The function that claims a tenant keeps its name and reads the renamed table.
 */
export class RenameSpareTenants1795918000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const [old, table, constraints] of RENAMED) {
      await queryRunner.query(`ALTER TABLE ${old} RENAME TO ${table}`);
      for (const ending of constraints)
        await queryRunner.query(
          `ALTER TABLE ${table} RENAME CONSTRAINT ${old}_${ending} TO ${table}_${ending}`,
        );
      await queryRunner.query(`CREATE VIEW ${old} AS SELECT * FROM ${table}`);
    }
    await queryRunner.query(claimTenant('spare_tenants'));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const [old, table, constraints] of RENAMED) {
      await queryRunner.query(`DROP VIEW ${old}`);
      await queryRunner.query(`ALTER TABLE ${table} RENAME TO ${old}`);
      for (const ending of constraints)
        await queryRunner.query(
          `ALTER TABLE ${old} RENAME CONSTRAINT ${table}_${ending} TO ${old}_${ending}`,
        );
    }
    await queryRunner.query(claimTenant('tenant_stock'));
  }
}

function claimTenant(table: string): string {
  return `
      CREATE OR REPLACE FUNCTION claim_tenant(least_version bigint) RETURNS uuid
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $claim$
      DECLARE
        taken uuid;
      BEGIN
        DELETE FROM public.${table} WHERE shop_id = (
          SELECT s.shop_id FROM public.${table} s
          WHERE (SELECT t.version >= least_version AND t.serves_from <= least_version
                 FROM public.tenants t WHERE t.shop_id = s.shop_id)
          ORDER BY s.shop_id LIMIT 1 FOR UPDATE SKIP LOCKED
        ) RETURNING shop_id INTO taken;
        RETURN taken;
      END $claim$`;
}
