import type { MigrationInterface, QueryRunner } from 'typeorm';

export class LookAtAudit1900000000000 implements MigrationInterface {
  readonly looksAtData = true;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `UPDATE products SET vendor = '' WHERE to_regclass('audit') = 'shared.audit'::regclass`,
    );
  }

  async down(): Promise<void> {} // rows stay as they are
}
