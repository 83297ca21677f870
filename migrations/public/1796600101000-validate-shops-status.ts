import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A transaction of its own: rows are read without the lock of the file before. */
export class ValidateShopsStatus1796600101000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE shops VALIDATE CONSTRAINT shops_deleted_at_check`);
    await queryRunner.query(`ALTER TABLE shops VALIDATE CONSTRAINT shops_status_check`);
  }

  async down(): Promise<void> {} // a validated constraint is no different
}
