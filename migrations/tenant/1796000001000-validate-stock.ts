import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ValidateStock1796000001000 implements MigrationInterface {
  readonly transaction = false as const;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants VALIDATE CONSTRAINT product_variants_stock_check`);
    await queryRunner.query(`ALTER TABLE products VALIDATE CONSTRAINT products_status_check`);
  }

  async down(): Promise<void> {
    // A constraint cannot become NOT VALID again.
  }
}
