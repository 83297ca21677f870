import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Table as rate-limiter-flexible expects it; `expire` is in milliseconds since 1970. */
export class CreateLoginLimits1795262403000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE login_limits (
        key varchar(255) NOT NULL CONSTRAINT login_limits_pkey PRIMARY KEY,
        points integer NOT NULL DEFAULT 0,
        expire bigint
      )`);
    await queryRunner.query(`CREATE INDEX login_limits_expire_idx ON login_limits (expire)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE login_limits`);
  }
}
