import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateOldOrders1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE old_orders () INHERITS (orders)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE old_orders`);
  }
}
