import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexProducts1900000000000 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE INDEX CONCURRENTLY products_vendor_idx ON products (vendor); CREATE INDEX CONCURRENTLY products_type_idx ON products (type)`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX CONCURRENTLY products_vendor_idx`);
  }
}
