import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateSuppliers1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE suppliers (
        id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT suppliers_pkey PRIMARY KEY,
        name text COLLATE "C" NOT NULL,
        email text CONSTRAINT suppliers_email_key UNIQUE,
        initials text GENERATED ALWAYS AS (upper(left(name, 2))) STORED,
        created_by uuid NOT NULL CONSTRAINT suppliers_created_by_fkey REFERENCES members (user_id),
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT suppliers_name_check CHECK (name <> '')
      )`);
    await queryRunner.query(`CREATE INDEX suppliers_name_idx ON suppliers (name)`);
    await queryRunner.query(`COMMENT ON COLUMN suppliers.initials IS 'for the label'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE suppliers`);
  }
}
