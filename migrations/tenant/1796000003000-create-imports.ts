import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateImports1796000003000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE imports (
        id uuid NOT NULL CONSTRAINT imports_pkey PRIMARY KEY,
        sha256 text NOT NULL,
        mode text NOT NULL,
        counts jsonb NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        undone_by uuid,
        undone_at timestamptz
      )`);
    await queryRunner.query(`
      CREATE TABLE import_changes (
        import_id uuid NOT NULL
          CONSTRAINT import_changes_import_id_fkey REFERENCES imports (id) ON DELETE CASCADE,
        id uuid NOT NULL,
        product_id uuid NOT NULL,
        before jsonb,
        after jsonb NOT NULL,
        CONSTRAINT import_changes_pkey PRIMARY KEY (import_id, id)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE import_changes`);
    await queryRunner.query(`DROP TABLE imports`);
  }
}
