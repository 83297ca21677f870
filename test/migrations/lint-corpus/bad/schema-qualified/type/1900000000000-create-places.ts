import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreatePlaces1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE places (
        id uuid NOT NULL CONSTRAINT places_pkey PRIMARY KEY,
        spot postgis.geometry NOT NULL
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE places`);
  }
}
