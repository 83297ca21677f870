import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DropIndex1900000000000 implements MigrationInterface {
  readonly transaction = false;
  readonly contract = { since: 1795219200000 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX CONCURRENTLY orders_created_by_idx`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX CONCURRENTLY orders_created_by_idx ON orders (created_by)`);
  }
}
