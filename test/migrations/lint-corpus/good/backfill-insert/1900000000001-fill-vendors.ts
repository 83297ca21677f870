import type { MigrationInterface, QueryRunner } from 'typeorm';

export class FillVendors1900000000001 implements MigrationInterface {
  readonly backfill = { table: 'products', key: 'id' };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `INSERT INTO vendors (name) SELECT DISTINCT p.vendor FROM products p WHERE p.vendor <> '' AND {batch} ON CONFLICT (name) DO NOTHING`,
    );
  }

  async down(): Promise<void> {} // rows stay as they are
}
