import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DefaultVendor1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products ADD COLUMN brand text`);
    await queryRunner.query(`UPDATE products SET brand = vendor`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
