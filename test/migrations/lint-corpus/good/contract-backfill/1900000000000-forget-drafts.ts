import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ForgetDrafts1900000000000 implements MigrationInterface {
  readonly backfill = { table: 'products', key: 'id' };
  readonly contract = { since: 1795219200000 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DELETE FROM products WHERE status = 'draft' AND {batch}`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
