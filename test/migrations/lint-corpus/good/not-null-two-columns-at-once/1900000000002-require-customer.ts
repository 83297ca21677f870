import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RequireCustomer1900000000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE orders ALTER COLUMN customer_email SET NOT NULL, ALTER COLUMN customer_name SET NOT NULL`,
    );
    await queryRunner.query(`ALTER TABLE orders DROP CONSTRAINT orders_customer_set`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE orders ALTER COLUMN customer_email DROP NOT NULL, ALTER COLUMN customer_name DROP NOT NULL`,
    );
    await queryRunner.query(
      `ALTER TABLE orders ADD CONSTRAINT orders_customer_set CHECK (customer_email IS NOT NULL AND customer_name IS NOT NULL) NOT VALID`,
    );
  }
}
