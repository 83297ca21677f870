import type { MigrationInterface, QueryRunner } from 'typeorm';

export class KeyCounters1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE counters DROP CONSTRAINT counters_pkey`);
    await queryRunner.query(`ALTER TABLE counters ADD CONSTRAINT counters_pkey PRIMARY KEY (name, value)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE counters DROP CONSTRAINT counters_pkey`);
    await queryRunner.query(`ALTER TABLE counters ADD CONSTRAINT counters_pkey PRIMARY KEY (name)`);
  }
}
