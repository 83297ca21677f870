import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Leaves an e-mail address that several imported customers share to the oldest. All stay, with number, name, country and
 * orders: a merge would lose the number by which an import finds the customer again.
 */
export class PartCustomerEmails1796100011000 implements MigrationInterface {
  readonly backfill = { table: 'customers', key: 'id', rows: 1000 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      UPDATE customers c SET email = NULL
      WHERE {batch} AND c.email IS NOT NULL AND EXISTS (
        SELECT FROM customers o WHERE lower(o.email) = lower(c.email) AND o.id < c.id)`);
  }

  async down(): Promise<void> {
    // The addresses are those of older customers.
  }
}
