import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CountLines1900000000001 implements MigrationInterface {
  readonly backfill = { table: 'orders', key: 'id', rows: 200 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      WITH counted AS (
        SELECT id, (SELECT count(*) FROM order_lines WHERE order_id = orders.id) AS lines
        FROM orders WHERE {batch}
      )
      UPDATE orders SET line_count = counted.lines FROM counted WHERE orders.id = counted.id`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
