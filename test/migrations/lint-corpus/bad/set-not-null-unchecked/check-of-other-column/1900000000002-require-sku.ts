import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RequireSku1900000000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants ALTER COLUMN sku SET NOT NULL`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants ALTER COLUMN sku DROP NOT NULL`);
  }
}
