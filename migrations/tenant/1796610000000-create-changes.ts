import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateChanges1796610000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE changes (
        row_id uuid NOT NULL,
        id uuid NOT NULL,
        resource text NOT NULL,
        kind text NOT NULL
          CONSTRAINT changes_kind_check CHECK (kind IN ('created', 'changed', 'removed', 'erased')),
        fields jsonb NOT NULL DEFAULT '{}',
        import_id uuid,
        request_id text,
        created_by uuid,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT changes_pkey PRIMARY KEY (row_id, id)
      )`);
    await queryRunner.query(`CREATE INDEX changes_resource_idx ON changes (resource, id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE changes`);
  }
}
