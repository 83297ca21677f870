import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateCache1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE UNLOGGED TABLE cache (key text CONSTRAINT cache_pkey PRIMARY KEY, value text)`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE cache`);
  }
}
