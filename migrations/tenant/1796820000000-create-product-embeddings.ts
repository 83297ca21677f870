import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Vectors of products for the search of similar ones. They are made from the products, and made again when they are missing. */
export class CreateProductEmbeddings1796820000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE product_embeddings (
        product_id uuid NOT NULL CONSTRAINT product_embeddings_pkey PRIMARY KEY
          CONSTRAINT product_embeddings_product_id_fkey REFERENCES products (id) ON DELETE CASCADE,
        model text NOT NULL,
        made_from timestamptz NOT NULL,
        signature bit(256) NOT NULL,
        vector real[] NOT NULL
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE product_embeddings`);
  }
}
