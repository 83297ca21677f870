import type { MigrationInterface, QueryRunner } from 'typeorm';

export class LookAtUsers1900000000000 implements MigrationInterface {
  readonly looksAtData = true;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`UPDATE members SET name = '' WHERE to_regclass('public.users') IS NULL`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
