import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateSuppliers1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE suppliers (
        id uuid NOT NULL CONSTRAINT suppliers_pkey PRIMARY KEY,
        name text NOT NULL
      )`);
    await queryRunner.query(`CREATE INDEX ON suppliers (name)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE suppliers`);
  }
}
