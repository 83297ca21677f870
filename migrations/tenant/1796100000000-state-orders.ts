import type { MigrationInterface, QueryRunner } from 'typeorm';

export class StateOrders1796100000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE order_events (
        id uuid NOT NULL CONSTRAINT order_events_pkey PRIMARY KEY,
        order_id uuid NOT NULL CONSTRAINT order_events_order_id_fkey REFERENCES orders (id) ON DELETE CASCADE,
        kind text NOT NULL CONSTRAINT order_events_kind_check
          CHECK (kind IN ('payment', 'refund', 'fulfilment', 'cancellation')),
        amount_minor bigint CONSTRAINT order_events_amount_minor_check CHECK (amount_minor > 0),
        units jsonb NOT NULL DEFAULT '[]',
        restock boolean,
        note text,
        created_by uuid,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await queryRunner.query(`CREATE INDEX order_events_order_id_idx ON order_events (order_id, id)`);
    await queryRunner.query(`
      ALTER TABLE orders
        ADD COLUMN paid_minor bigint NOT NULL DEFAULT 0,
        ADD COLUMN refunded_minor bigint NOT NULL DEFAULT 0`);
    await queryRunner.query(`
      ALTER TABLE orders ADD CONSTRAINT orders_paid_minor_check
        CHECK (refunded_minor >= 0 AND refunded_minor <= paid_minor AND paid_minor <= total_minor) NOT VALID`);
    await queryRunner.query(`
      ALTER TABLE order_lines
        ADD COLUMN fulfilled integer NOT NULL DEFAULT 0,
        ADD COLUMN cancelled integer NOT NULL DEFAULT 0,
        ADD COLUMN returned integer NOT NULL DEFAULT 0,
        ADD COLUMN took_stock boolean NOT NULL DEFAULT true`);
    await queryRunner.query(`
      ALTER TABLE order_lines ADD CONSTRAINT order_lines_fulfilled_check
        CHECK (fulfilled >= 0 AND cancelled >= 0 AND fulfilled + cancelled <= quantity
          AND returned >= 0 AND returned <= fulfilled) NOT VALID`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE order_lines DROP COLUMN took_stock, DROP COLUMN returned, DROP COLUMN cancelled,
        DROP COLUMN fulfilled`);
    await queryRunner.query(`ALTER TABLE orders DROP COLUMN refunded_minor, DROP COLUMN paid_minor`);
    await queryRunner.query(`DROP TABLE order_events`);
  }
}
