import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DefaultTokenOfProducts1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products ADD COLUMN token uuid`);
    await queryRunner.query(`ALTER TABLE products ALTER COLUMN token SET DEFAULT gen_random_uuid()`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products DROP COLUMN token`);
  }
}
