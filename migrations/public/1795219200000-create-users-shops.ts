import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateUsersShops1795219200000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE users (
        id uuid NOT NULL CONSTRAINT users_pkey PRIMARY KEY,
        email text NOT NULL CONSTRAINT users_email_key UNIQUE,
        name text NOT NULL,
        password_hash text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      )`);
    await queryRunner.query(`
      CREATE TABLE shops (
        id uuid NOT NULL CONSTRAINT shops_pkey PRIMARY KEY,
        name text NOT NULL,
        slug text NOT NULL CONSTRAINT shops_slug_key UNIQUE,
        status text NOT NULL DEFAULT 'active'
          CONSTRAINT shops_status_check CHECK (status IN ('active', 'suspended')),
        currency text NOT NULL DEFAULT 'USD' CONSTRAINT shops_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      )`);
    await queryRunner.query(`
      CREATE TABLE memberships (
        user_id uuid NOT NULL CONSTRAINT memberships_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
        shop_id uuid NOT NULL CONSTRAINT memberships_shop_id_fkey REFERENCES shops (id) ON DELETE CASCADE,
        role text NOT NULL CONSTRAINT memberships_role_check CHECK (role IN ('owner', 'staff')),
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT memberships_pkey PRIMARY KEY (user_id, shop_id)
      )`);
    await queryRunner.query(`CREATE INDEX memberships_shop_id_idx ON memberships (shop_id)`);
    await queryRunner.query(`
      CREATE TABLE refresh_tokens (
        id uuid NOT NULL CONSTRAINT refresh_tokens_pkey PRIMARY KEY,
        token_hash text NOT NULL CONSTRAINT refresh_tokens_token_hash_key UNIQUE,
        family_id uuid NOT NULL,
        user_id uuid NOT NULL CONSTRAINT refresh_tokens_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
        shop_id uuid CONSTRAINT refresh_tokens_shop_id_fkey REFERENCES shops (id) ON DELETE CASCADE,
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        revoked_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await queryRunner.query(`CREATE INDEX refresh_tokens_family_id_idx ON refresh_tokens (family_id)`);
    await queryRunner.query(`CREATE INDEX refresh_tokens_user_id_idx ON refresh_tokens (user_id)`);
    await queryRunner.query(`CREATE INDEX refresh_tokens_shop_id_idx ON refresh_tokens (shop_id)`);
    await queryRunner.query(`
      CREATE TABLE tenants (
        shop_id uuid NOT NULL CONSTRAINT tenants_pkey PRIMARY KEY
          CONSTRAINT tenants_shop_id_fkey REFERENCES shops (id),
        version bigint NOT NULL,
        last_error text,
        migrated_at timestamptz NOT NULL DEFAULT now()
      )`);
    await queryRunner.query(`CREATE INDEX tenants_version_idx ON tenants (version)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE tenants`);
    await queryRunner.query(`DROP TABLE refresh_tokens`);
    await queryRunner.query(`DROP TABLE memberships`);
    await queryRunner.query(`DROP TABLE shops`);
    await queryRunner.query(`DROP TABLE users`);
  }
}
