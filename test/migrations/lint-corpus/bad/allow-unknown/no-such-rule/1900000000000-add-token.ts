import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddToken1900000000000 implements MigrationInterface {
  readonly allow = { 'index-concurrent': 'the table is small in every shop' };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products ADD COLUMN token uuid`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products DROP COLUMN token`);
  }
}
