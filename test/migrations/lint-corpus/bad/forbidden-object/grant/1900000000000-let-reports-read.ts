import type { MigrationInterface, QueryRunner } from 'typeorm';

export class LetReportsRead1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`GRANT SELECT ON orders TO reports`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`REVOKE SELECT ON orders FROM reports`);
  }
}
