import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ValidateSku1900000000001 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants VALIDATE CONSTRAINT product_variants_sku_set`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants VALIDATE CONSTRAINT product_variants_sku_set`);
  }
}
