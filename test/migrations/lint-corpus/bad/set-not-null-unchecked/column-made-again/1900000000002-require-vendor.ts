import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RequireVendor1900000000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products ALTER COLUMN vendor SET NOT NULL`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products ALTER COLUMN vendor DROP NOT NULL`);
  }
}
