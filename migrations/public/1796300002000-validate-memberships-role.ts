import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A transaction of its own: rows are read without the lock of the file before. */
export class ValidateMembershipsRole1796300002000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE memberships VALIDATE CONSTRAINT memberships_role_check`);
  }

  async down(): Promise<void> {} // a validated constraint is no different
}
