import type { MigrationInterface, QueryRunner } from 'typeorm';

export class EmptyCounters1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`TRUNCATE counters`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
