import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ArchiveOrders1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE graveyard (id uuid NOT NULL CONSTRAINT graveyard_pkey PRIMARY KEY)`,
    );
    await queryRunner.query(
      `WITH gone AS (DELETE FROM orders WHERE status = 'cancelled' RETURNING id) INSERT INTO graveyard (id) SELECT id FROM gone`,
    );
  }

  async down(): Promise<void> {} // rows stay as they are
}
