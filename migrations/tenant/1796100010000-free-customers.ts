import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Customers need no number of a former system any more. */
export class FreeCustomers1796100010000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE customers
        ALTER COLUMN external_number DROP NOT NULL,
        ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now()`);
  }

  /** Fails if a customer has no number. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE customers DROP COLUMN updated_at, ALTER COLUMN external_number SET NOT NULL`);
  }
}
