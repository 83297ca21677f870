import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateAddress1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TYPE address AS (street text, city text)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TYPE address`);
  }
}
