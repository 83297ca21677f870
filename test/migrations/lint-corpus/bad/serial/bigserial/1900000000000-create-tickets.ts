import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateTickets1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE tickets (
        id bigserial CONSTRAINT tickets_pkey PRIMARY KEY,
        title text NOT NULL
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE tickets`);
  }
}
