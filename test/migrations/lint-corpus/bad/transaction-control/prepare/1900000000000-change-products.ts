import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ChangeProducts1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`PREPARE one AS SELECT 1`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
