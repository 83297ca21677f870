import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Checks the plans of existing shops, without a lock that keeps others from writing. */
export class ValidateShopsPlan1796700001000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE shops VALIDATE CONSTRAINT shops_plan_fkey`);
  }

  async down(): Promise<void> {
    // a constraint cannot be made unvalidated, and need not be
  }
}
