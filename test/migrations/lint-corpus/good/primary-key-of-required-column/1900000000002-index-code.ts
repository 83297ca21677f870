import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexCode1900000000002 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE UNIQUE INDEX CONCURRENTLY suppliers_code_pkey ON suppliers (code)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX IF EXISTS suppliers_code_pkey`);
  }
}
