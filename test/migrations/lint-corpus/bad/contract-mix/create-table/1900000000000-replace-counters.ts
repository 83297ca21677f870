import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ReplaceCounters1900000000000 implements MigrationInterface {
  readonly contract = { since: 1795219200000 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE counters`);
    await queryRunner.query(`
      CREATE TABLE suppliers (
        id uuid NOT NULL CONSTRAINT suppliers_pkey PRIMARY KEY,
        name text NOT NULL
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE suppliers`);
    await queryRunner.query(`CREATE TABLE counters (name text)`);
  }
}
