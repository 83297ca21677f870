import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexProductsVendor1900000000000 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE INDEX CONCURRENTLY IF NOT EXISTS products_vendor_idx ON products (vendor)`,
    );
    await queryRunner.query(`REINDEX INDEX CONCURRENTLY products_vendor_idx`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX CONCURRENTLY products_vendor_idx`);
  }
}
