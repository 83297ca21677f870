import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexSuppliers1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE suppliers (
        id uuid NOT NULL CONSTRAINT suppliers_pkey PRIMARY KEY,
        name text NOT NULL
      )`);
    await queryRunner.query(
      `CREATE INDEX suppliers_name_idx ON suppliers USING gin (name trgm.gin_trgm_ops)`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE suppliers`);
  }
}
