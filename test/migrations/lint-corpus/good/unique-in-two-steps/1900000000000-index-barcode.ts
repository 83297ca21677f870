import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexBarcode1900000000000 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE UNIQUE INDEX CONCURRENTLY product_variants_barcode_key ON product_variants (barcode)`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX CONCURRENTLY IF EXISTS product_variants_barcode_key`);
  }
}
