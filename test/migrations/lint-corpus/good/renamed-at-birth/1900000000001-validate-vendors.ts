import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ValidateVendors1900000000001 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE vendors VALIDATE CONSTRAINT vendors_name_set`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
