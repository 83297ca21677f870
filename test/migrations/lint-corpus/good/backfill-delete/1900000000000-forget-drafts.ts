import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ForgetDrafts1900000000000 implements MigrationInterface {
  readonly backfill = { table: 'products', key: 'id' };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `DELETE FROM products WHERE status = 'draft' AND updated_at < '2020-01-01' AND {batch}`,
    );
  }

  async down(): Promise<void> {} // rows stay as they are
}
