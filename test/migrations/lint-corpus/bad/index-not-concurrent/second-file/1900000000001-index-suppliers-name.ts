import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexSuppliersName1900000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX suppliers_name_idx ON suppliers (name)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX suppliers_name_idx`);
  }
}
