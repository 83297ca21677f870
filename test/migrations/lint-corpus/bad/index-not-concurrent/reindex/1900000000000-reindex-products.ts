import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ReindexProducts1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`REINDEX TABLE products`);
  }

  async down(): Promise<void> {}
}
