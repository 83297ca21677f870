import type { MigrationInterface, QueryRunner } from 'typeorm';

export class FillVendor1900000000000 implements MigrationInterface {
  readonly backfill = { table: 'products', key: 'id', rows: 500 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`-- nothing to fill {batch}`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
