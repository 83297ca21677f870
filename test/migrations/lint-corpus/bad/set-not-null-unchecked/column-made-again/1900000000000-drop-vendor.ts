import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DropVendor1900000000000 implements MigrationInterface {
  readonly contract = { since: 1795219200000 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products DROP COLUMN vendor`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products ADD COLUMN vendor text`);
  }
}
