import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RenameHandleKey1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE products RENAME CONSTRAINT products_handle_key TO products_slug_key`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE products RENAME CONSTRAINT products_slug_key TO products_handle_key`,
    );
  }
}
