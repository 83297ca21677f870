import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddBrand1900000000000 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products ADD COLUMN brand text`);
    await queryRunner.query(`CREATE INDEX CONCURRENTLY products_brand_idx ON products (brand)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products DROP COLUMN brand`);
  }
}
