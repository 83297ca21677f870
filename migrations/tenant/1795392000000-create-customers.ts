import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateCustomers1795392000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE customers (
        id uuid NOT NULL CONSTRAINT customers_pkey PRIMARY KEY,
        external_number text NOT NULL CONSTRAINT customers_external_number_key UNIQUE,
        name text,
        email text,
        country text,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await queryRunner.query(`
      ALTER TABLE orders
        ADD COLUMN kind text NOT NULL DEFAULT 'sale',
        ADD COLUMN external_number text,
        ADD COLUMN placed_at timestamptz,
        ADD COLUMN customer_id uuid CONSTRAINT orders_customer_id_fkey REFERENCES customers (id)`);
    await queryRunner.query(`
      ALTER TABLE orders ADD CONSTRAINT orders_kind_check
        CHECK (kind IN ('sale', 'return', 'adjustment')) NOT VALID`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE orders DROP COLUMN customer_id, DROP COLUMN placed_at, DROP COLUMN external_number,
        DROP COLUMN kind`);
    await queryRunner.query(`DROP TABLE customers`);
  }
}
