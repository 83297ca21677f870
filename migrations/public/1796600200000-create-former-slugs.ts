import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Slugs that shops had before, until each is free again. The new foreign key locks `shops` for a moment; the table is empty. */
export class CreateFormerSlugs1796600200000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE former_slugs (
        slug text NOT NULL CONSTRAINT former_slugs_pkey PRIMARY KEY,
        shop_id uuid NOT NULL CONSTRAINT former_slugs_shop_id_fkey REFERENCES shops (id) ON DELETE CASCADE,
        ends_at timestamptz NOT NULL
      )`);
    await queryRunner.query(`CREATE INDEX former_slugs_shop_id_idx ON former_slugs (shop_id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE former_slugs`);
  }
}
