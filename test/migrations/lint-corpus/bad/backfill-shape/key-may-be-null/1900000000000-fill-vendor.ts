import type { MigrationInterface, QueryRunner } from 'typeorm';

export class FillVendor1900000000000 implements MigrationInterface {
  readonly backfill = { table: 'product_variants', key: 'sku' };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`UPDATE product_variants SET barcode = '' WHERE {batch}`);
  }

  async down(): Promise<void> {}
}
