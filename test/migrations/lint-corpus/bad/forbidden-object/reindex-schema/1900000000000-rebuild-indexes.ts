import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RebuildIndexes1900000000000 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`REINDEX SCHEMA CONCURRENTLY archive`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
