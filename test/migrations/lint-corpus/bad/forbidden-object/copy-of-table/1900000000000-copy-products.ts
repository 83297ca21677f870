import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CopyProducts1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE products_backup AS SELECT id, name FROM products`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE products_backup`);
  }
}
