import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Limits the stored images of shops of the plans `free` and `standard`, where an operator has not. Programs of the version before
 * ignore the limit.
 */
export class LimitPlansFiles1796890000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      UPDATE plans SET limits = new.limits || plans.limits
      FROM (VALUES ('free', '{"filesMiB": 500}'::jsonb), ('standard', '{"filesMiB": 5000}')) new (name, limits)
      WHERE plans.name = new.name`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `UPDATE plans SET limits = limits - 'filesMiB' WHERE name IN ('free', 'standard')`,
    );
  }
}
