import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Requests of shops that all processes have counted, as rate-limiter-flexible expects it; `expire` is in milliseconds since
 * 1970. Unlogged: counts of the last minute need not outlive a crash of the server.
 */
export class CreateRequestLimits1796720000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE UNLOGGED TABLE request_limits (
        key varchar(255) NOT NULL CONSTRAINT request_limits_pkey PRIMARY KEY,
        points integer NOT NULL DEFAULT 0,
        expire bigint
      )`);
    await queryRunner.query(`CREATE INDEX request_limits_expire_idx ON request_limits (expire)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE request_limits`);
  }
}
