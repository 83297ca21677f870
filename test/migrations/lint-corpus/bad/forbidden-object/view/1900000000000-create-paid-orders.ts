import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreatePaidOrders1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE VIEW paid_orders AS SELECT id, total_minor FROM orders WHERE status = 'paid'`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP VIEW paid_orders`);
  }
}
