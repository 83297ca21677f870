import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateVendors1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE vendors (name text NOT NULL CONSTRAINT vendors_pkey PRIMARY KEY)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE vendors`);
  }
}
