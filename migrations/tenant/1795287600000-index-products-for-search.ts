import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Indexes for the search of products by the beginnings of words of the name and of a SKU, in any case. */
export class IndexProductsForSearch1795287600000 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    // fastupdate is off because it keeps new names in a list that every search reads completely.
    await queryRunner.query(`
      CREATE INDEX CONCURRENTLY products_name_words_idx ON products
      USING gin ((regexp_replace(lower(name), '[^[:alnum:]]+', ' ', 'g')::tsvector)) WITH (fastupdate = off)`);
    await queryRunner.query(`
      CREATE INDEX CONCURRENTLY product_variants_sku_start_idx ON product_variants ((lower(sku)) COLLATE "C")`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX CONCURRENTLY product_variants_sku_start_idx`);
    await queryRunner.query(`DROP INDEX CONCURRENTLY products_name_words_idx`);
  }
}
