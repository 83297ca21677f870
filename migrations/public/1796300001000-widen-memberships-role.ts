import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Adds the roles admin and read_only. `down` fails while a member has one of them. */
export class WidenMembershipsRole1796300001000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE memberships
        DROP CONSTRAINT memberships_role_check,
        ADD CONSTRAINT memberships_role_check CHECK (role IN ('owner', 'admin', 'staff', 'read_only')) NOT VALID`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE memberships
        DROP CONSTRAINT memberships_role_check,
        ADD CONSTRAINT memberships_role_check CHECK (role IN ('owner', 'staff'))`);
  }
}
