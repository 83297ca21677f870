import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RequireSku1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE product_variants ADD CONSTRAINT product_variants_sku_not_null NOT NULL sku NOT VALID`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants DROP CONSTRAINT product_variants_sku_not_null`);
  }
}
