import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DropKey1900000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE counters DROP CONSTRAINT counters_pkey`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE counters ADD CONSTRAINT counters_pkey PRIMARY KEY (name)`);
  }
}
