import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DropType1900000000000 implements MigrationInterface {
  readonly contract = { since: 1900000000000 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products DROP COLUMN type`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products ADD COLUMN type text NOT NULL DEFAULT ''`);
  }
}
