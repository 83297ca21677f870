import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Shops whose data were removed for good. The file of the last backup is kept whatever the retention says. */
export class CreateRemovedShops1796600600000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE removed_shops (
        id uuid NOT NULL CONSTRAINT removed_shops_pkey PRIMARY KEY,
        slug text NOT NULL,
        name text NOT NULL,
        created_at timestamptz NOT NULL,
        removed_at timestamptz NOT NULL DEFAULT now(),
        archive text,
        operation_id uuid NOT NULL
      )`);
    await queryRunner.query(`CREATE INDEX removed_shops_slug_idx ON removed_shops (slug)`);
    await queryRunner.query(`ALTER TABLE backups ADD COLUMN is_archive boolean NOT NULL DEFAULT false`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE backups DROP COLUMN is_archive`);
    await queryRunner.query(`DROP TABLE removed_shops`);
  }
}
