import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddGrossToOrderLines1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE order_lines ADD COLUMN gross_minor bigint GENERATED ALWAYS AS (unit_price_minor * quantity) VIRTUAL`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE order_lines DROP COLUMN gross_minor`);
  }
}
