import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateVendors1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE suppliers (title text, code text NOT NULL)`);
    await queryRunner.query(
      `ALTER TABLE suppliers ADD CONSTRAINT suppliers_title_set CHECK (title IS NOT NULL) NOT VALID`,
    );
    await queryRunner.query(`CREATE UNIQUE INDEX suppliers_code_idx ON suppliers (code)`);
    await queryRunner.query(
      `ALTER TABLE suppliers RENAME CONSTRAINT suppliers_title_set TO vendors_name_set`,
    );
    await queryRunner.query(`ALTER TABLE suppliers RENAME COLUMN title TO name`);
    await queryRunner.query(`ALTER TABLE suppliers RENAME COLUMN code TO handle`);
    await queryRunner.query(`ALTER INDEX suppliers_code_idx RENAME TO vendors_pkey`);
    await queryRunner.query(`ALTER TABLE suppliers RENAME TO vendors`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE vendors`);
  }
}
