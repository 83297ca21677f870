import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Activity of shops in each process in the last minutes. UNLOGGED: a crash of the server may empty it, and writing it costs next to
 * nothing. No foreign key: a row must not keep a shop from being removed.
 */
export class CreateShopActivity1796740001000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE UNLOGGED TABLE shop_activity (
        process uuid NOT NULL,
        shop_id uuid NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        database_ms real NOT NULL,
        wait_ms real NOT NULL,
        transactions integer NOT NULL,
        rows bigint NOT NULL,
        requests integer NOT NULL,
        errors integer NOT NULL,
        jobs integer NOT NULL,
        CONSTRAINT shop_activity_pkey PRIMARY KEY (at, process, shop_id)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE shop_activity`);
  }
}
