import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Indexes for lists of orders by date, and of the few in other states than the usual last one. */
export class IndexOrdersForFilters1796400001000 implements MigrationInterface {
  readonly transaction = false as const;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE INDEX CONCURRENTLY orders_placed_at_idx ON orders ((coalesce(placed_at, created_at)), number)`);
    await queryRunner.query(`
      CREATE INDEX CONCURRENTLY orders_status_idx ON orders (status, number) WHERE status <> 'fulfilled'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX CONCURRENTLY orders_status_idx`);
    await queryRunner.query(`DROP INDEX CONCURRENTLY orders_placed_at_idx`);
  }
}
