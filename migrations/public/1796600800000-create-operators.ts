import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts and sessions of the operators' API. They are no users: neither kind of account opens anything of the other. */
export class CreateOperators1796600800000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE operators (
        id uuid NOT NULL CONSTRAINT operators_pkey PRIMARY KEY,
        email text NOT NULL CONSTRAINT operators_email_key UNIQUE,
        name text NOT NULL,
        role text NOT NULL CONSTRAINT operators_role_check CHECK (role IN ('administrator', 'operator', 'viewer')),
        password_hash text NOT NULL,
        password_ends_at timestamptz,
        totp_secret text,
        totp_confirmed_at timestamptz,
        totp_step bigint,
        disabled_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await queryRunner.query(`
      CREATE TABLE operator_sessions (
        id uuid NOT NULL CONSTRAINT operator_sessions_pkey PRIMARY KEY,
        operator_id uuid NOT NULL,
        token_hash text NOT NULL CONSTRAINT operator_sessions_token_hash_key UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        CONSTRAINT operator_sessions_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES operators (id) ON DELETE CASCADE
      )`);
    await queryRunner.query(
      `CREATE INDEX operator_sessions_operator_id_idx ON operator_sessions (operator_id)`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE operator_sessions`);
    await queryRunner.query(`DROP TABLE operators`);
  }
}
