import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Returns an operation that failed, was cancelled or lost its runner to the queue, with the rights of the owner of all tables:
 * the login that serves operators may not change operations. A runner without a heartbeat for 15 s has lost its lease
 * (src/operations/lifecycle/operation-store.ts).
 */
export class CreateRetryOperation1796600700000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE FUNCTION retry_operation(operation uuid, new_runner uuid) RETURNS boolean
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
      AS $body$
      BEGIN
        UPDATE public.operations SET state = CASE WHEN new_runner IS NULL THEN 'queued' ELSE 'running' END,
          runner = new_runner, seen_at = clock_timestamp(), attempts = 0, cancel_wanted = false, error = NULL, finished_at = NULL
        WHERE id = operation AND (state IN ('failed', 'cancelled')
          OR state = 'running' AND seen_at < clock_timestamp() - interval '15 seconds');
        RETURN FOUND;
      END
      $body$`);
    await queryRunner.query(`REVOKE ALL ON FUNCTION retry_operation(uuid, uuid) FROM PUBLIC`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION retry_operation(uuid, uuid)`);
  }
}
