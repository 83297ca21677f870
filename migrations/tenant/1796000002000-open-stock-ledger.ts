import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Gives the ledger of each variant its opening stock, less what the new program has already recorded. */
export class OpenStockLedger1796000002000 implements MigrationInterface {
  readonly backfill = { table: 'product_variants', key: 'id', rows: 1000 };

  async up(queryRunner: QueryRunner): Promise<void> {
    // The id of the variant sorts before those of all later changes, which are UUIDv7.
    await queryRunner.query(`
      INSERT INTO stock_changes (id, variant_id, change, reason)
      SELECT id, id, opening, 'opening'
      FROM (SELECT v.id, v.stock - coalesce(
              (SELECT sum(c.change) FROM stock_changes c WHERE c.variant_id = v.id), 0) AS opening
            FROM product_variants v WHERE {batch}) v
      WHERE opening <> 0
      ON CONFLICT (id) DO NOTHING`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DELETE FROM stock_changes WHERE reason = 'opening'`);
  }
}
