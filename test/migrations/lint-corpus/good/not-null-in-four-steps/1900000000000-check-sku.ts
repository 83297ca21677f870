import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CheckSku1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE product_variants ADD CONSTRAINT product_variants_sku_set CHECK (sku IS NOT NULL) NOT VALID`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants DROP CONSTRAINT product_variants_sku_set`);
  }
}
