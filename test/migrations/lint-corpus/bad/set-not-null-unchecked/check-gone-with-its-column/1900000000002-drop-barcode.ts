import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DropBarcode1900000000002 implements MigrationInterface {
  readonly contract = { since: 1795219200000 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants DROP COLUMN barcode`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants ADD COLUMN barcode text`);
  }
}
