import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Fields of orders that come from another system. A line without a SKU, such as a tip, belongs to no product. */
export class DescribeOrders1796100020000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE orders
        ADD COLUMN subtotal_minor bigint,
        ADD COLUMN discount_minor bigint NOT NULL DEFAULT 0,
        ADD COLUMN shipping_minor bigint NOT NULL DEFAULT 0,
        ADD COLUMN tax_minor bigint NOT NULL DEFAULT 0,
        ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
        ADD COLUMN note text,
        ADD COLUMN attributes jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN customer_details jsonb NOT NULL DEFAULT '{}'`);
    await queryRunner.query(`
      ALTER TABLE order_lines
        ADD COLUMN discount_minor bigint NOT NULL DEFAULT 0,
        ALTER COLUMN product_id DROP NOT NULL`);
  }

  /** Fails if a line has no product. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE order_lines ALTER COLUMN product_id SET NOT NULL, DROP COLUMN discount_minor`);
    await queryRunner.query(`
      ALTER TABLE orders DROP COLUMN customer_details, DROP COLUMN attributes, DROP COLUMN note, DROP COLUMN tags,
        DROP COLUMN tax_minor, DROP COLUMN shipping_minor, DROP COLUMN discount_minor, DROP COLUMN subtotal_minor`);
  }
}
