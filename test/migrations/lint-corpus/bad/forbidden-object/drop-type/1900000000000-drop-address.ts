import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DropAddress1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TYPE address`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TYPE address AS (street text, city text)`);
  }
}
