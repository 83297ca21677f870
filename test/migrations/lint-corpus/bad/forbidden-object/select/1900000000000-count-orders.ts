import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CountOrders1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`SELECT count(*) FROM orders`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
