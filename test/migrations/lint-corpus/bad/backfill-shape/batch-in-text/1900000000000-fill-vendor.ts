import type { MigrationInterface, QueryRunner } from 'typeorm';

export class FillVendor1900000000000 implements MigrationInterface {
  readonly backfill = { table: 'products', key: 'id' };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`UPDATE products SET vendor = '{batch}' WHERE {batch}`);
  }

  async down(): Promise<void> {}
}
