import type { MigrationInterface, QueryRunner } from 'typeorm';

/** At most one key in each state, by the unique constraint. */
export class CreateSigningKeys1795262402000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE signing_keys (
        kid text NOT NULL CONSTRAINT signing_keys_pkey PRIMARY KEY,
        state text NOT NULL
          CONSTRAINT signing_keys_state_key UNIQUE
          CONSTRAINT signing_keys_state_check CHECK (state IN ('next', 'current', 'previous')),
        public_jwk jsonb NOT NULL,
        private_key text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        state_since timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE signing_keys`);
  }
}
