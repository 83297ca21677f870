import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddFlagsToProducts1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE products ADD COLUMN is_gift boolean NOT NULL DEFAULT false, ADD COLUMN meta jsonb NOT NULL DEFAULT '{}'::jsonb`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products DROP COLUMN is_gift, DROP COLUMN meta`);
  }
}
