import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ForgetMigration1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE schema_migrations ADD COLUMN note text`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
