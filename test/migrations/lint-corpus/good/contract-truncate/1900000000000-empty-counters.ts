import type { MigrationInterface, QueryRunner } from 'typeorm';

export class EmptyCounters1900000000000 implements MigrationInterface {
  readonly contract = { since: 1795219200000 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`TRUNCATE counters`);
    await queryRunner.query(`COMMENT ON TABLE counters IS 'emptied'`);
    await queryRunner.query(`ALTER TABLE products DROP CONSTRAINT products_status_check`);
    await queryRunner.query(
      `ALTER TABLE order_lines ALTER CONSTRAINT order_lines_variant_id_fkey DEFERRABLE`,
    );
    await queryRunner.query(
      `COMMENT ON CONSTRAINT products_handle_key ON products IS 'the address of its page'`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE products ADD CONSTRAINT products_status_check CHECK (status IN ('draft', 'active', 'archived')) NOT VALID`,
    );
    await queryRunner.query(
      `ALTER TABLE order_lines ALTER CONSTRAINT order_lines_variant_id_fkey NOT DEFERRABLE`,
    );
  }
}
