import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateCurrency1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE DOMAIN currency AS text CHECK (VALUE ~ '^[A-Z]{3}$')`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP DOMAIN currency`);
  }
}
