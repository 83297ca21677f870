import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ValidateCustomer1900000000001 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_set`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
