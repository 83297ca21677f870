import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RebuildIndex1900000000000 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`REINDEX (CONCURRENTLY) INDEX orders_created_by_idx`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
