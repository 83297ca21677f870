import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateSuppliers1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE shop.suppliers (
        id uuid NOT NULL CONSTRAINT suppliers_pkey PRIMARY KEY,
        name text NOT NULL
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE suppliers`);
  }
}
