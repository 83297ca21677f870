import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateProductsOrders1795219200000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE members (
        user_id uuid NOT NULL CONSTRAINT members_pkey PRIMARY KEY,
        name text NOT NULL,
        role text NOT NULL CONSTRAINT members_role_check CHECK (role IN ('owner', 'staff')),
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await queryRunner.query(`
      CREATE TABLE products (
        id uuid NOT NULL CONSTRAINT products_pkey PRIMARY KEY,
        handle text NOT NULL CONSTRAINT products_handle_key UNIQUE,
        name text NOT NULL,
        description text NOT NULL DEFAULT '',
        currency text NOT NULL CONSTRAINT products_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
        status text NOT NULL CONSTRAINT products_status_check CHECK (status IN ('draft', 'active', 'archived')),
        vendor text NOT NULL DEFAULT '',
        type text NOT NULL DEFAULT '',
        tags text[] NOT NULL DEFAULT '{}',
        options jsonb NOT NULL DEFAULT '[]',
        images jsonb NOT NULL DEFAULT '[]',
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      )`);
    await queryRunner.query(`
      CREATE TABLE product_variants (
        id uuid NOT NULL CONSTRAINT product_variants_pkey PRIMARY KEY,
        product_id uuid NOT NULL
          CONSTRAINT product_variants_product_id_fkey REFERENCES products (id) ON DELETE CASCADE,
        position integer NOT NULL,
        sku text CONSTRAINT product_variants_sku_key UNIQUE DEFERRABLE,
        option_values jsonb NOT NULL DEFAULT '{}',
        price_minor bigint NOT NULL CONSTRAINT product_variants_price_minor_check CHECK (price_minor >= 0),
        compare_at_minor bigint
          CONSTRAINT product_variants_compare_at_minor_check CHECK (compare_at_minor >= 0),
        cost_minor bigint CONSTRAINT product_variants_cost_minor_check CHECK (cost_minor >= 0),
        stock bigint NOT NULL CONSTRAINT product_variants_stock_check CHECK (stock >= 0),
        barcode text,
        grams integer NOT NULL DEFAULT 0 CONSTRAINT product_variants_grams_check CHECK (grams >= 0),
        requires_shipping boolean NOT NULL DEFAULT true,
        taxable boolean NOT NULL DEFAULT true,
        image_src text
      )`);
    await queryRunner.query(`CREATE INDEX product_variants_product_id_idx ON product_variants (product_id)`);
    await queryRunner.query(`
      CREATE TABLE orders (
        id uuid NOT NULL CONSTRAINT orders_pkey PRIMARY KEY,
        number bigint NOT NULL CONSTRAINT orders_number_key UNIQUE,
        status text NOT NULL
          CONSTRAINT orders_status_check CHECK (status IN ('pending', 'paid', 'fulfilled', 'cancelled')),
        currency text NOT NULL CONSTRAINT orders_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
        total_minor bigint NOT NULL CONSTRAINT orders_total_minor_check CHECK (total_minor >= 0),
        customer_email text,
        customer_name text,
        created_by uuid NOT NULL CONSTRAINT orders_created_by_fkey REFERENCES members (user_id),
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      )`);
    await queryRunner.query(`CREATE INDEX orders_created_by_idx ON orders (created_by)`);
    await queryRunner.query(`
      CREATE TABLE order_lines (
        order_id uuid NOT NULL CONSTRAINT order_lines_order_id_fkey REFERENCES orders (id) ON DELETE CASCADE,
        position integer NOT NULL,
        variant_id uuid
          CONSTRAINT order_lines_variant_id_fkey REFERENCES product_variants (id) ON DELETE SET NULL,
        product_id uuid NOT NULL,
        sku text,
        name text NOT NULL,
        option_values jsonb NOT NULL,
        unit_price_minor bigint NOT NULL
          CONSTRAINT order_lines_unit_price_minor_check CHECK (unit_price_minor >= 0),
        quantity integer NOT NULL CONSTRAINT order_lines_quantity_check CHECK (quantity > 0),
        total_minor bigint NOT NULL CONSTRAINT order_lines_total_minor_check CHECK (total_minor >= 0),
        CONSTRAINT order_lines_pkey PRIMARY KEY (order_id, position)
      )`);
    await queryRunner.query(`CREATE INDEX order_lines_variant_id_idx ON order_lines (variant_id)`);
    await queryRunner.query(`
      CREATE TABLE counters (
        name text NOT NULL CONSTRAINT counters_pkey PRIMARY KEY,
        value bigint NOT NULL
      )`);
    await queryRunner.query(`INSERT INTO counters (name, value) VALUES ('orders', 0)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE counters`);
    await queryRunner.query(`DROP TABLE order_lines`);
    await queryRunner.query(`DROP TABLE orders`);
    await queryRunner.query(`DROP TABLE product_variants`);
    await queryRunner.query(`DROP TABLE products`);
    await queryRunner.query(`DROP TABLE members`);
  }
}
