import type { MigrationInterface, QueryRunner } from 'typeorm';

export class MoveOrders1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP SCHEMA archive`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
