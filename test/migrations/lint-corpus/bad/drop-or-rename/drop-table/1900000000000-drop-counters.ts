import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DropCounters1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE counters`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE counters (name text)`);
  }
}
