import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RequireCode1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE warehouses ADD CONSTRAINT warehouses_code_set CHECK (code IS NOT NULL) NOT VALID`,
    );
    await queryRunner.query(`ALTER TABLE warehouses ALTER COLUMN code SET NOT NULL`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
