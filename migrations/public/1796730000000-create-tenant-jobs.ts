import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Jobs of shops, and the shops whose jobs a runner is doing (docs/decisions/0033-jobs-of-shops.md). The functions by which the tenant
 * login adds and ends jobs are made with the schema `jobs` (src/database/job-schema.ts).
 */
export class CreateTenantJobs1796730000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE tenant_jobs (
        id uuid CONSTRAINT tenant_jobs_pkey PRIMARY KEY,
        position bigint GENERATED ALWAYS AS IDENTITY,
        shop_id uuid NOT NULL,
        kind text NOT NULL,
        payload jsonb NOT NULL,
        order_key text,
        unique_key text,
        run_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL DEFAULT 0,
        max_attempts integer NOT NULL DEFAULT 15,
        state text NOT NULL DEFAULT 'waiting',
        lease uuid,
        error text,
        user_id uuid,
        request_id text,
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        CONSTRAINT tenant_jobs_kind_check CHECK (kind ~ '^[a-z][a-z0-9-]{0,49}$'),
        CONSTRAINT tenant_jobs_payload_check CHECK (octet_length(payload::text) <= 65536),
        CONSTRAINT tenant_jobs_keys_check CHECK (length(order_key) BETWEEN 1 AND 200 AND length(unique_key) BETWEEN 1 AND 200),
        CONSTRAINT tenant_jobs_attempts_check CHECK (max_attempts BETWEEN 1 AND 100),
        CONSTRAINT tenant_jobs_state_check CHECK (state IN ('waiting', 'running', 'dead') AND (state = 'running') = (lease IS NOT NULL))
      )`);
    await queryRunner.query(
      `CREATE INDEX tenant_jobs_open_idx ON tenant_jobs (shop_id, run_at, position) WHERE state <> 'dead'`,
    );
    await queryRunner.query(
      `CREATE INDEX tenant_jobs_order_idx ON tenant_jobs (shop_id, order_key, position) WHERE order_key IS NOT NULL AND state <> 'dead'`,
    );
    await queryRunner.query(`CREATE INDEX tenant_jobs_dead_idx ON tenant_jobs (id) WHERE state = 'dead'`);
    await queryRunner.query(
      `CREATE UNIQUE INDEX tenant_jobs_unique_idx ON tenant_jobs (shop_id, kind, unique_key)`,
    );
    await queryRunner.query(`
      CREATE TABLE tenant_job_leases (
        shop_id uuid CONSTRAINT tenant_job_leases_pkey PRIMARY KEY,
        lease uuid NOT NULL,
        leased_until timestamptz NOT NULL
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE tenant_job_leases`);
    await queryRunner.query(`DROP TABLE tenant_jobs`);
  }
}
