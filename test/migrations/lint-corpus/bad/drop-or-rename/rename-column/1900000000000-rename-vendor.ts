import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RenameVendor1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products RENAME COLUMN vendor TO brand`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products RENAME COLUMN brand TO vendor`);
  }
}
