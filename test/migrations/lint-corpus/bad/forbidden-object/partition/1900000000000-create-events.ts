import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateEvents1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE events (
        at timestamptz NOT NULL,
        what text NOT NULL
      ) PARTITION BY RANGE (at)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE events`);
  }
}
