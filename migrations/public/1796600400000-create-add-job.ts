import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Adds a job with the rights of the owner, in the transaction of its caller. The tables of the job library have row
 * security without a policy, so that no grant would let another role write them (docs/decisions/0029-job-library.md).
 */
export class CreateAddJob1796600400000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE FUNCTION add_job(task text, payload jsonb, job_queue text, job_key text, run_at timestamptz, attempts integer)
      RETURNS bigint
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
      AS $body$
      BEGIN
        RETURN (jobs.add_job(task, payload::pg_catalog.json, queue_name => job_queue, run_at => run_at,
          max_attempts => attempts, job_key => job_key)).id;
      END
      $body$`);
    await queryRunner.query(
      `REVOKE ALL ON FUNCTION add_job(text, jsonb, text, text, timestamptz, integer) FROM PUBLIC`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION add_job(text, jsonb, text, text, timestamptz, integer)`);
  }
}
