import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexProductsName1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE UNIQUE INDEX products_name_idx ON products (name)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX products_name_idx`);
  }
}
