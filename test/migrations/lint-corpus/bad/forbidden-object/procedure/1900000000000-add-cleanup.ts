import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddCleanup1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE PROCEDURE cleanup() LANGUAGE sql AS $$DELETE FROM products$$`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP PROCEDURE cleanup`);
  }
}
