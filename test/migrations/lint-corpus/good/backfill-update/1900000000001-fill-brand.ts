import type { MigrationInterface, QueryRunner } from 'typeorm';

export class FillBrand1900000000001 implements MigrationInterface {
  readonly backfill = { table: 'products', key: 'id', rows: 500 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`UPDATE products SET brand = vendor WHERE brand IS NULL AND {batch}`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
