import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Prefix of the number of an order, as it was when the order was placed. Existing orders have none. */
export class AddOrdersPrefix1796830001000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE orders ADD COLUMN number_prefix text NOT NULL DEFAULT ''`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE orders DROP COLUMN number_prefix`);
  }
}
