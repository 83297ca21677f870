import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RequireSku1900000000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants DROP CONSTRAINT product_variants_sku_set`);
    await queryRunner.query(`ALTER TABLE product_variants ALTER COLUMN sku SET NOT NULL`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants ALTER COLUMN sku DROP NOT NULL`);
    await queryRunner.query(
      `ALTER TABLE product_variants ADD CONSTRAINT product_variants_sku_set CHECK (sku IS NOT NULL) NOT VALID`,
    );
  }
}
