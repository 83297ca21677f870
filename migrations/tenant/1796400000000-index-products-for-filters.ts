import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Indexes for the search of products by words, ignoring case and accents, and by any three characters of a SKU or barcode, and
 * for filters by status, vendor, type and tag. The search by the beginning of a SKU keeps its index.
 */
export class IndexProductsForFilters1796400000000 implements MigrationInterface {
  readonly transaction = false as const;

  async up(queryRunner: QueryRunner): Promise<void> {
    // Every search reads the list of pending entries completely, so it is kept to 16 blocks. Without it, writes would take thrice as long.
    await queryRunner.query(`
      CREATE INDEX CONCURRENTLY products_search_idx ON products USING gin (
        (left(regexp_replace(
          translate(replace(replace(replace(lower(
            normalize(regexp_replace(normalize(name, NFKD), '[\\u0300-\\u036f]', '', 'g'), NFKC)),
            'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'øłđðħŧıþ', 'olddhtit'),
          '[^[:alnum:]]+', ' ', 'g'), 500)::tsvector),
        (tags || ARRAY[' status=' || status, ' vendor=' || vendor, ' type=' || type])
      ) WITH (gin_pending_list_limit = 128)`);
    await queryRunner.query(`
      CREATE INDEX CONCURRENTLY product_variants_codes_idx ON product_variants USING gin ((string_to_array(
        regexp_replace(lower(coalesce(sku, '') || E'\\n' || coalesce(barcode, '')), '(...)', E'\\\\1\\n', 'g') || E'\\n' ||
        regexp_replace(substr(lower(coalesce(sku, '') || E'\\n' || coalesce(barcode, '')), 2), '(...)', E'\\\\1\\n', 'g') || E'\\n' ||
        regexp_replace(substr(lower(coalesce(sku, '') || E'\\n' || coalesce(barcode, '')), 3), '(...)', E'\\\\1\\n', 'g'),
        E'\\n'))) WITH (gin_pending_list_limit = 128)`);
    // Programs of before find the same without it, only slower.
    await queryRunner.query(`DROP INDEX CONCURRENTLY products_name_words_idx`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE INDEX CONCURRENTLY products_name_words_idx ON products
      USING gin ((regexp_replace(lower(name), '[^[:alnum:]]+', ' ', 'g')::tsvector)) WITH (fastupdate = off)`);
    await queryRunner.query(`DROP INDEX CONCURRENTLY product_variants_codes_idx`);
    await queryRunner.query(`DROP INDEX CONCURRENTLY products_search_idx`);
  }
}
