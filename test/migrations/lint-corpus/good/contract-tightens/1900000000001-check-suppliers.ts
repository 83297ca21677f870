import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CheckSuppliers1900000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE suppliers ADD CONSTRAINT suppliers_name_check CHECK (name <> '') NOT VALID`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE suppliers DROP CONSTRAINT suppliers_name_check`);
  }
}
