import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ArchiveProducts1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`UPDATE products SET status = 'archived' WHERE {batch}`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
