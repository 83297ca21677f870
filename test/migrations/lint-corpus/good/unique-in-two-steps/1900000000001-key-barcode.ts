import type { MigrationInterface, QueryRunner } from 'typeorm';

export class KeyBarcode1900000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE product_variants ADD UNIQUE USING INDEX product_variants_barcode_key`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants DROP CONSTRAINT product_variants_barcode_key`);
  }
}
