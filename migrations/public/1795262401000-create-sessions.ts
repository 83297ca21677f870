import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Makes a session of each family of refresh tokens; from now on the session is revoked instead of its tokens. */
export class CreateSessions1795262401000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE sessions (
        id uuid NOT NULL CONSTRAINT sessions_pkey PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT sessions_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
        created_at timestamptz NOT NULL DEFAULT now(),
        revoked_at timestamptz
      )`);
    await queryRunner.query(`CREATE INDEX sessions_user_id_idx ON sessions (user_id)`);
    await queryRunner.query(`
      INSERT INTO sessions (id, user_id, created_at, revoked_at)
      SELECT family_id, user_id, min(created_at), min(revoked_at) FROM refresh_tokens GROUP BY family_id, user_id`);
    await queryRunner.query(`ALTER TABLE refresh_tokens RENAME COLUMN family_id TO session_id`);
    await queryRunner.query(
      `ALTER INDEX refresh_tokens_family_id_idx RENAME TO refresh_tokens_session_id_idx`,
    );
    await queryRunner.query(`
      ALTER TABLE refresh_tokens
        DROP COLUMN revoked_at,
        ADD CONSTRAINT refresh_tokens_session_id_fkey
          FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE refresh_tokens
        DROP CONSTRAINT refresh_tokens_session_id_fkey,
        ADD COLUMN revoked_at timestamptz`);
    await queryRunner.query(`
      UPDATE refresh_tokens t SET revoked_at = s.revoked_at FROM sessions s WHERE s.id = t.session_id`);
    await queryRunner.query(
      `ALTER INDEX refresh_tokens_session_id_idx RENAME TO refresh_tokens_family_id_idx`,
    );
    await queryRunner.query(`ALTER TABLE refresh_tokens RENAME COLUMN session_id TO family_id`);
    await queryRunner.query(`DROP TABLE sessions`);
  }
}
