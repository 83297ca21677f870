import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One customer for each e-mail address. Not an online step: without the index an order with a customer would fail. */
export class IndexCustomerEmails1796100012000 implements MigrationInterface {
  readonly allow = {
    'index-not-concurrent':
      'until now only orders:import writes customers, so no request waits for the index',
  };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE UNIQUE INDEX customers_email_key ON customers (lower(email))`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX customers_email_key`);
  }
}
