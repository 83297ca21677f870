import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexVendor1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX CONCURRENTLY products_vendor_idx ON products (vendor)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX products_vendor_idx`);
  }
}
