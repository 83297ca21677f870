import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ChangeProducts1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DO $$ BEGIN RAISE NOTICE 'hello'; END $$`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
