import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CheckCustomer1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE orders ADD CONSTRAINT orders_customer_set CHECK (customer_email IS NOT NULL AND customer_name IS NOT NULL) NOT VALID`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE orders DROP CONSTRAINT orders_customer_set`);
  }
}
