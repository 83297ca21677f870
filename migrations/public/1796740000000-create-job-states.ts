import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Counts the jobs of the job library by state, with the rights of the owner: no other role may read its tables. The library comes
 * into being after the first public migrations, so the function must bear that its view is missing.
 */
export class CreateJobStates1796740000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE FUNCTION job_states(OUT state text, OUT jobs bigint, OUT oldest_seconds double precision) RETURNS SETOF record
      LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
      AS $body$
      BEGIN
        RETURN QUERY SELECT s.state, count(*), extract(epoch FROM now() - min(s.since))::double precision
        FROM (
          SELECT CASE WHEN j.locked_at IS NOT NULL THEN 'running' WHEN j.attempts >= j.max_attempts THEN 'dead'
              WHEN j.run_at > now() THEN 'waiting' ELSE 'ready' END AS state,
            CASE WHEN j.locked_at IS NOT NULL THEN j.locked_at WHEN j.attempts >= j.max_attempts THEN j.updated_at
              WHEN j.run_at > now() THEN j.created_at ELSE j.run_at END AS since
          FROM jobs.jobs j) s
        GROUP BY s.state;
      EXCEPTION WHEN invalid_schema_name OR undefined_table THEN
        NULL;
      END
      $body$`);
    await queryRunner.query(`REVOKE ALL ON FUNCTION job_states() FROM PUBLIC`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION job_states()`);
  }
}
