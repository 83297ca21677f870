import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AlterOrderNumbers1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER SEQUENCE order_numbers INCREMENT BY 10`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
