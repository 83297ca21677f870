import type { MigrationInterface, QueryRunner } from 'typeorm';

export class MoveIndex1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER INDEX orders_created_by_idx SET TABLESPACE fast`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
