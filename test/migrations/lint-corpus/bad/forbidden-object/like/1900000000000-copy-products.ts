import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CopyProducts1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE product_drafts (LIKE products)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE product_drafts`);
  }
}
