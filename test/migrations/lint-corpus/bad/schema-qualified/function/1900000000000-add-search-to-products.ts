import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddSearchToProducts1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE products ADD CONSTRAINT products_vendor_check CHECK (vendor = extensions.unaccent(vendor)) NOT VALID`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products DROP CONSTRAINT products_vendor_check`);
  }
}
