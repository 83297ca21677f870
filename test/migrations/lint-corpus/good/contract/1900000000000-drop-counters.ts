import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DropCounters1900000000000 implements MigrationInterface {
  readonly contract = { since: 1795219200000 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE counters`);
    await queryRunner.query(`ALTER TABLE products DROP COLUMN type, ALTER COLUMN vendor DROP DEFAULT`);
    await queryRunner.query(`ALTER TABLE products RENAME COLUMN images TO pictures`);
    await queryRunner.query(`ALTER TABLE product_variants ALTER COLUMN grams TYPE bigint`);
    await queryRunner.query(
      `ALTER TABLE product_variants ADD CONSTRAINT product_variants_light_check CHECK (grams < 1000000) NOT VALID`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants DROP CONSTRAINT product_variants_light_check`);
    await queryRunner.query(`ALTER TABLE product_variants ALTER COLUMN grams TYPE integer`);
    await queryRunner.query(`ALTER TABLE products RENAME COLUMN pictures TO images`);
    await queryRunner.query(
      `ALTER TABLE products ADD COLUMN type text NOT NULL DEFAULT '', ALTER COLUMN vendor SET DEFAULT ''`,
    );
    await queryRunner.query(`
      CREATE TABLE counters (
        name text NOT NULL CONSTRAINT counters_pkey PRIMARY KEY,
        value bigint NOT NULL
      )`);
  }
}
