import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateSuppliers1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE suppliers (
        id uuid NOT NULL CONSTRAINT suppliers_pkey PRIMARY KEY,
        name text NOT NULL
      )`);
    await queryRunner.query(`ALTER TABLE suppliers ADD COLUMN code text NOT NULL`);
    await queryRunner.query(`ALTER TABLE suppliers ADD COLUMN token uuid DEFAULT gen_random_uuid()`);
    await queryRunner.query(`ALTER TABLE suppliers ADD CONSTRAINT suppliers_code_check CHECK (code <> '')`);
    await queryRunner.query(`ALTER TABLE suppliers ADD CONSTRAINT suppliers_code_key UNIQUE (code)`);
    await queryRunner.query(`ALTER TABLE suppliers ALTER COLUMN token SET NOT NULL`);
    await queryRunner.query(`ALTER TABLE suppliers ALTER COLUMN code TYPE varchar(20)`);
    await queryRunner.query(`ALTER TABLE suppliers RENAME COLUMN token TO key`);
    await queryRunner.query(`ALTER TABLE suppliers RENAME TO vendors`);
    await queryRunner.query(`ALTER TABLE vendors DROP COLUMN key`);
    await queryRunner.query(
      `INSERT INTO vendors (id, name, code) SELECT gen_random_uuid(), 'House', 'house' FROM generate_series(1, 1)`,
    );
    await queryRunner.query(`UPDATE vendors SET name = 'The house' WHERE code = 'house'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE vendors`);
  }
}
