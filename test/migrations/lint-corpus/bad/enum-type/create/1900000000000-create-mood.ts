import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateMood1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TYPE mood AS ENUM ('good', 'bad')`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TYPE mood`);
  }
}
