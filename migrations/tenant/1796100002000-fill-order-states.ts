import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Gives orders from before their amounts and units. A paid or fulfilled order was paid in full; whether a cancelled one
 * was paid is not known. Lines of imported orders took no stock. The id of the payment sorts before those of later events.
 */
export class FillOrderStates1796100002000 implements MigrationInterface {
  readonly backfill = { table: 'orders', key: 'id', rows: 1000 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      WITH known AS (
        SELECT id, status, external_number FROM orders WHERE {batch}),
      paid AS (
        UPDATE orders o SET paid_minor = o.total_minor FROM known k
        WHERE o.id = k.id AND k.status IN ('paid', 'fulfilled') AND o.paid_minor = 0 AND o.total_minor > 0
        RETURNING o.id, o.total_minor, coalesce(o.placed_at, o.updated_at) AS paid_at),
      recorded AS (
        INSERT INTO order_events (id, order_id, kind, amount_minor, created_at)
        SELECT id, id, 'payment', total_minor, paid_at FROM paid
        ON CONFLICT (id) DO NOTHING)
      UPDATE order_lines l SET
        fulfilled = CASE k.status WHEN 'fulfilled' THEN l.quantity ELSE 0 END,
        cancelled = CASE k.status WHEN 'cancelled' THEN l.quantity ELSE 0 END,
        took_stock = k.external_number IS NULL
      FROM known k
      WHERE l.order_id = k.id AND l.fulfilled = 0 AND l.cancelled = 0
        AND (k.status IN ('fulfilled', 'cancelled') OR k.external_number IS NOT NULL)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DELETE FROM order_events WHERE id = order_id`);
  }
}
