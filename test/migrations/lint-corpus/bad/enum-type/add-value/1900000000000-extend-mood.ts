import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ExtendMood1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TYPE mood ADD VALUE 'so-so'`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
