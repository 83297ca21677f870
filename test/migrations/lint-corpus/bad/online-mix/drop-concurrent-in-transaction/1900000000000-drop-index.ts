import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DropIndex1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX CONCURRENTLY orders_created_by_idx`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX orders_created_by_idx ON orders (created_by)`);
  }
}
