import type { MigrationInterface, QueryRunner } from 'typeorm';

export class LoosenProducts1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER INDEX orders_created_by_idx RENAME TO orders_author_idx`);
    await queryRunner.query(`ALTER TABLE products DROP CONSTRAINT products_status_check`);
    await queryRunner.query(`ALTER TABLE products ALTER COLUMN vendor DROP NOT NULL`);
    await queryRunner.query(`ALTER TABLE products SET (fillfactor = 90)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products RESET (fillfactor)`);
    await queryRunner.query(`ALTER TABLE products ALTER COLUMN vendor SET NOT NULL`);
    await queryRunner.query(
      `ALTER TABLE products ADD CONSTRAINT products_status_check CHECK (status IN ('draft', 'active', 'archived'))`,
    );
    await queryRunner.query(`ALTER INDEX orders_author_idx RENAME TO orders_created_by_idx`);
  }
}
