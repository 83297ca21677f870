import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexNumbers1900000000000 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE UNIQUE INDEX CONCURRENTLY counters_value_pkey ON counters (value)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX CONCURRENTLY IF EXISTS counters_value_pkey`);
  }
}
