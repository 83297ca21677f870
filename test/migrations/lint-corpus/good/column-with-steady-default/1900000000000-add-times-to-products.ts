import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddTimesToProducts1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products ADD COLUMN listed_at timestamptz NOT NULL DEFAULT now()`);
    await queryRunner.query(
      `ALTER TABLE products ADD COLUMN listed_on date NOT NULL DEFAULT (CURRENT_TIMESTAMP AT TIME ZONE 'utc')::date`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products DROP COLUMN listed_at, DROP COLUMN listed_on`);
  }
}
