import type { MigrationInterface, QueryRunner } from 'typeorm';

export class LinkOrderLines1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE order_lines ADD FOREIGN KEY (product_id) REFERENCES products (id) NOT VALID`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE order_lines DROP CONSTRAINT order_lines_product_id_fkey`);
  }
}
