import type { MigrationInterface, QueryRunner } from 'typeorm';

export class KeyCode1900000000003 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE suppliers DROP CONSTRAINT suppliers_pkey`);
    await queryRunner.query(
      `ALTER TABLE suppliers ADD CONSTRAINT suppliers_code_pkey PRIMARY KEY USING INDEX suppliers_code_pkey`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE suppliers DROP CONSTRAINT suppliers_code_pkey`);
  }
}
