import type { MigrationInterface, QueryRunner } from 'typeorm';

export class WidenGrams1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants ALTER COLUMN grams TYPE bigint`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants ALTER COLUMN grams TYPE integer`);
  }
}
