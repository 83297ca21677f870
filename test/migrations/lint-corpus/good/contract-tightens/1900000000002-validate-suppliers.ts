import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ValidateSuppliers1900000000002 implements MigrationInterface {
  readonly transaction = false;
  readonly contract = { since: 1900000000000 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE suppliers VALIDATE CONSTRAINT suppliers_name_check`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
