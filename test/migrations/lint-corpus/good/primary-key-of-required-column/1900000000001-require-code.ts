import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RequireCode1900000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE suppliers ALTER COLUMN code SET NOT NULL`);
    await queryRunner.query(`ALTER TABLE suppliers DROP CONSTRAINT suppliers_code_set`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE suppliers ADD CONSTRAINT suppliers_code_set CHECK (code IS NOT NULL) NOT VALID`,
    );
  }
}
