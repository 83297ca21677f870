import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The new foreign key locks `users` for a moment; the table is empty, so nothing is checked. */
export class CreatePasswordResets1796300000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE password_resets (
        user_id uuid NOT NULL CONSTRAINT password_resets_pkey PRIMARY KEY
          CONSTRAINT password_resets_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
        token_hash text NOT NULL CONSTRAINT password_resets_token_hash_key UNIQUE,
        expires_at timestamptz NOT NULL
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE password_resets`);
  }
}
