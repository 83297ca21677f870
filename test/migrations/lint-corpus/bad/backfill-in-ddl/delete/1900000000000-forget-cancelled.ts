import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ForgetCancelled1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DELETE FROM orders WHERE status = 'cancelled'`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
