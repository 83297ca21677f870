import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateOrderNumbers1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE SEQUENCE order_numbers`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP SEQUENCE order_numbers`);
  }
}
