import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Gives orders with an e-mail address their customer. A new customer has the id of its first order, so that lists stay in order of time. */
export class LinkCustomers1796100013000 implements MigrationInterface {
  readonly backfill = { table: 'orders', key: 'id', rows: 1000 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      WITH unlinked AS (
        SELECT id, lower(customer_email) AS email, customer_name, created_at FROM orders
        WHERE {batch} AND customer_email IS NOT NULL AND customer_id IS NULL),
      made AS (
        INSERT INTO customers (id, email, name, created_at)
        SELECT DISTINCT ON (email) id, email, customer_name, created_at FROM unlinked ORDER BY email, id
        ON CONFLICT (lower(email)) DO NOTHING
        RETURNING id, email)
      UPDATE orders o SET customer_id = c.id
      FROM unlinked u JOIN (
        SELECT id, email FROM made UNION ALL SELECT id, lower(email) FROM customers) c ON c.email = u.email
      WHERE o.id = u.id`);
  }

  async down(): Promise<void> {
    // The links are right with the program of before too.
  }
}
