import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Durable record of long operations on shops, the tenants that they hold, and the backup files that exist. Rows refer to
 * a shop by its id without a foreign key, because they outlive it.
 */
export class CreateOperations1796600000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE operations (
        id uuid NOT NULL CONSTRAINT operations_pkey PRIMARY KEY,
        kind text NOT NULL,
        shop_id uuid,
        shop_slug text,
        by_kind text NOT NULL CONSTRAINT operations_by_kind_check
          CHECK (by_kind IN ('command', 'operator', 'member', 'schedule')),
        by_id uuid,
        input jsonb NOT NULL DEFAULT '{}',
        is_exclusive boolean NOT NULL DEFAULT false,
        state text NOT NULL DEFAULT 'queued' CONSTRAINT operations_state_check
          CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
        step text,
        done bigint NOT NULL DEFAULT 0,
        total bigint NOT NULL DEFAULT 0,
        checkpoint jsonb NOT NULL DEFAULT '{}',
        result jsonb,
        error jsonb,
        attempts integer NOT NULL DEFAULT 0,
        cancel_wanted boolean NOT NULL DEFAULT false,
        runner uuid,
        seen_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        finished_at timestamptz
      )`);
    await queryRunner.query(`
      CREATE INDEX operations_open_idx ON operations (created_at) WHERE state IN ('queued', 'running')`);
    await queryRunner.query(`CREATE INDEX operations_shop_id_idx ON operations (shop_id, id)`);
    await queryRunner.query(`
      CREATE UNIQUE INDEX operations_exclusive_key ON operations (shop_id)
        WHERE is_exclusive AND state IN ('queued', 'running')`);
    await queryRunner.query(`
      CREATE TABLE held_tenants (
        shop_id uuid NOT NULL CONSTRAINT held_tenants_pkey PRIMARY KEY,
        reason text NOT NULL CONSTRAINT held_tenants_reason_check
          CHECK (reason IN ('filling', 'filled', 'replaced', 'removing')),
        of_shop uuid,
        operation_id uuid,
        held_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT held_tenants_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES tenants (shop_id)
      )`);
    await queryRunner.query(`CREATE INDEX held_tenants_operation_id_idx ON held_tenants (operation_id)`);
    await queryRunner.query(`
      CREATE TABLE backups (
        id uuid NOT NULL CONSTRAINT backups_pkey PRIMARY KEY,
        shop_id uuid NOT NULL,
        shop_slug text NOT NULL,
        operation_id uuid,
        target text NOT NULL,
        file text NOT NULL,
        bytes bigint NOT NULL,
        rows bigint NOT NULL,
        sha256 text NOT NULL,
        version bigint NOT NULL,
        is_encrypted boolean NOT NULL DEFAULT false,
        snapshot_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT backups_file_key UNIQUE (target, file)
      )`);
    await queryRunner.query(`CREATE INDEX backups_shop_id_idx ON backups (shop_id, snapshot_at)`);
    await queryRunner.query(`CREATE INDEX backups_operation_id_idx ON backups (operation_id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE backups`);
    await queryRunner.query(`DROP TABLE held_tenants`);
    await queryRunner.query(`DROP TABLE operations`);
  }
}
