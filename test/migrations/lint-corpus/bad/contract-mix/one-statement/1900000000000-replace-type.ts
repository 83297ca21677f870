import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ReplaceType1900000000000 implements MigrationInterface {
  readonly contract = { since: 1795219200000 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products DROP COLUMN type, ADD COLUMN kind text`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE products DROP COLUMN kind, ADD COLUMN type text NOT NULL DEFAULT ''`,
    );
  }
}
