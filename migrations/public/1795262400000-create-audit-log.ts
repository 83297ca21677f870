import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Entries have no foreign keys: they outlive the shop and the user that they name. */
export class CreateAuditLog1795262400000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE audit_log (
        id uuid NOT NULL CONSTRAINT audit_log_pkey PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT now(),
        action text NOT NULL,
        actor_id uuid,
        shop_id uuid,
        request_id text,
        details jsonb NOT NULL DEFAULT '{}'
      )`);
    await queryRunner.query(`CREATE INDEX audit_log_shop_id_idx ON audit_log (shop_id, id)`);
    await queryRunner.query(`CREATE INDEX audit_log_actor_id_idx ON audit_log (actor_id, id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE audit_log`);
  }
}
