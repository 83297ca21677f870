import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ConvertOptions1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products ALTER COLUMN tags TYPE jsonb USING to_jsonb(tags)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products ALTER COLUMN tags TYPE text[]`);
  }
}
