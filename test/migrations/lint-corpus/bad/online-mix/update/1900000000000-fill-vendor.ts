import type { MigrationInterface, QueryRunner } from 'typeorm';

export class FillVendor1900000000000 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`UPDATE products SET vendor = 'none' WHERE vendor = ''`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
