import type { MigrationInterface, QueryRunner } from 'typeorm';

export class GuardOrders1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE POLICY orders_mine ON orders USING (true)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP POLICY orders_mine ON orders`);
  }
}
