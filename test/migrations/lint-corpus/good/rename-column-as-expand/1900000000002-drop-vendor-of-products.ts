import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DropVendorOfProducts1900000000002 implements MigrationInterface {
  readonly contract = { since: 1900000000000 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products DROP COLUMN vendor`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products ADD COLUMN vendor text NOT NULL DEFAULT ''`);
  }
}
