import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexProducts1900000000000 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX CONCURRENTLY products_größe_idx ON products (vendor)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX CONCURRENTLY products_größe_idx`);
  }
}
