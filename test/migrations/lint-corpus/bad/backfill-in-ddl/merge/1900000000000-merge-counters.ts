import type { MigrationInterface, QueryRunner } from 'typeorm';

export class MergeCounters1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `MERGE INTO counters c USING (VALUES ('returns')) AS v (name) ON c.name = v.name WHEN NOT MATCHED THEN INSERT (name, value) VALUES (v.name, 0)`,
    );
  }

  async down(): Promise<void> {} // rows stay as they are
}
