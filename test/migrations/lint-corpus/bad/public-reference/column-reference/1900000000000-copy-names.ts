import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CopyNames1900000000000 implements MigrationInterface {
  readonly looksAtData = true;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`UPDATE members SET name = '' WHERE public.members.role = 'staff'`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
