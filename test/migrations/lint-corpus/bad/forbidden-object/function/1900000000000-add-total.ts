import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddTotal1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE FUNCTION order_total(wanted uuid) RETURNS bigint LANGUAGE sql AS
        $$SELECT total_minor FROM orders WHERE id = wanted$$`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION order_total`);
  }
}
