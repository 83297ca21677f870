import type { MigrationInterface, QueryRunner } from 'typeorm';

const SHOP = (name: string) => `substring(${name} FROM '^stoa shop_([0-9a-f]{32})$')::uuid`;
/** Null where the owner may not see it: `pg_read_all_stats` is a superuser's to grant. */
const STATEMENT = (query: string) => `left(nullif(nullif(${query}, '<insufficient privilege>'), ''), 500)`;

/**
 * Lists who waits for a lock in this database, and for whom, with the rights of the owner: no login that serves may read the sessions of
 * others. The application name tells the shop of a transaction.
 */
export class CreateLockWaits1796740002000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE FUNCTION lock_waits(OUT pid integer, OUT application text, OUT shop_id uuid, OUT object text, OUT mode text,
        OUT waited_ms bigint, OUT statement text, OUT holder_pid integer, OUT holder_application text, OUT holder_shop_id uuid,
        OUT holder_state text, OUT holder_ms bigint, OUT holder_statement text) RETURNS SETOF record
      LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
      AS $body$
        SELECT w.pid, w.application_name, ${SHOP('w.application_name')}, coalesce(c.relname::text, l.locktype),
          replace(l.mode, 'Lock', ''), (extract(epoch FROM clock_timestamp() - l.waitstart) * 1000)::bigint, ${STATEMENT('w.query')},
          b.pid, h.application_name, ${SHOP('h.application_name')}, h.state,
          (extract(epoch FROM clock_timestamp() - h.xact_start) * 1000)::bigint, ${STATEMENT('h.query')}
        FROM pg_locks l JOIN pg_stat_activity w ON w.pid = l.pid
          CROSS JOIN LATERAL unnest(pg_blocking_pids(l.pid)) AS b (pid)
          LEFT JOIN pg_stat_activity h ON h.pid = b.pid LEFT JOIN pg_class c ON c.oid = coalesce(l.relation,
            (SELECT t.relation FROM pg_locks t WHERE t.pid = l.pid AND t.locktype = 'tuple' AND t.granted LIMIT 1)) -- a wait for a row
        WHERE NOT l.granted AND w.datname = current_database()
      $body$`);
    await queryRunner.query(`REVOKE ALL ON FUNCTION lock_waits() FROM PUBLIC`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION lock_waits()`);
  }
}
