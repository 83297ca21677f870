import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RequireName1900000000003 implements MigrationInterface {
  readonly contract = { since: 1900000000000 };

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE suppliers ALTER COLUMN name SET NOT NULL, ALTER COLUMN initials DROP EXPRESSION`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE suppliers ALTER COLUMN name DROP NOT NULL`);
  }
}
