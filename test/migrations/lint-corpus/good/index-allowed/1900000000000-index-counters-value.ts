import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexCountersValue1900000000000 implements MigrationInterface {
  readonly allow = { 'index-not-concurrent': 'counters has a handful of rows in every shop' };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX counters_value_idx ON counters (value)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX counters_value_idx`);
  }
}
