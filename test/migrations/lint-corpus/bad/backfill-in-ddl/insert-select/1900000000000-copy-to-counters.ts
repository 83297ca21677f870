import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CopyToCounters1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`INSERT INTO counters (name, value) SELECT 'products', count(*) FROM products`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
