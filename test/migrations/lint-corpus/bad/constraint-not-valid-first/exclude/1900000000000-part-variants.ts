import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PartVariants1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE product_variants ADD CONSTRAINT product_variants_sku_excl EXCLUDE USING btree (sku WITH =)`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants DROP CONSTRAINT product_variants_sku_excl`);
  }
}
