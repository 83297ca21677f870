import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PlanOrders1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE STATISTICS orders_stats ON status, currency FROM orders`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP STATISTICS orders_stats`);
  }
}
