import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CountStock1796000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE stock_changes (
        id uuid NOT NULL CONSTRAINT stock_changes_pkey PRIMARY KEY,
        variant_id uuid NOT NULL
          CONSTRAINT stock_changes_variant_id_fkey REFERENCES product_variants (id) ON DELETE CASCADE,
        change bigint NOT NULL CONSTRAINT stock_changes_change_check CHECK (change <> 0),
        reason text NOT NULL CONSTRAINT stock_changes_reason_check
          CHECK (reason IN ('opening', 'sale', 'cancel', 'return', 'correction', 'import')),
        note text,
        order_id uuid,
        import_id uuid,
        created_by uuid,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await queryRunner.query(`CREATE INDEX stock_changes_variant_id_idx ON stock_changes (variant_id, id)`);
    await queryRunner.query(`
      ALTER TABLE product_variants
        ADD COLUMN tracks_stock boolean NOT NULL DEFAULT true,
        ADD COLUMN sells_when_out boolean NOT NULL DEFAULT false,
        ADD COLUMN attributes jsonb NOT NULL DEFAULT '{}',
        DROP CONSTRAINT product_variants_sku_key,
        DROP CONSTRAINT product_variants_stock_check`);
    await queryRunner.query(`
      ALTER TABLE product_variants ADD CONSTRAINT product_variants_stock_check
        CHECK (stock >= 0 OR sells_when_out OR NOT tracks_stock) NOT VALID`);
    await queryRunner.query(`
      ALTER TABLE products
        ADD COLUMN attributes jsonb NOT NULL DEFAULT '{}',
        DROP CONSTRAINT products_status_check`);
    await queryRunner.query(`
      ALTER TABLE products ADD CONSTRAINT products_status_check
        CHECK (status IN ('draft', 'active', 'unlisted', 'archived')) NOT VALID`);
  }

  /** Fails if two variants have one SKU, a product is unlisted, or a stock is below 0. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE products
        DROP COLUMN attributes,
        DROP CONSTRAINT products_status_check,
        ADD CONSTRAINT products_status_check CHECK (status IN ('draft', 'active', 'archived'))`);
    await queryRunner.query(`
      ALTER TABLE product_variants
        DROP CONSTRAINT product_variants_stock_check,
        DROP COLUMN tracks_stock,
        DROP COLUMN sells_when_out,
        DROP COLUMN attributes,
        ADD CONSTRAINT product_variants_stock_check CHECK (stock >= 0),
        ADD CONSTRAINT product_variants_sku_key UNIQUE (sku) DEFERRABLE`);
    await queryRunner.query(`DROP TABLE stock_changes`);
  }
}
