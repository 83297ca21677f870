import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ChangeInitials1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE suppliers (
        id uuid NOT NULL CONSTRAINT suppliers_pkey PRIMARY KEY,
        name text NOT NULL,
        initials text GENERATED ALWAYS AS (left(name, 2)) STORED
      )`);
    await queryRunner.query(`ALTER TABLE suppliers ALTER COLUMN initials SET EXPRESSION AS (left(name, 3))`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE suppliers`);
  }
}
