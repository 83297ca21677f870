import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexVendor1900000000000 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX products_vendor_idx ON products (vendor)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX products_vendor_idx`);
  }
}
