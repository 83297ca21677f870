import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ValidateMembersRole1796300002000 implements MigrationInterface {
  readonly transaction = false as const;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE members VALIDATE CONSTRAINT members_role_check`);
  }

  async down(): Promise<void> {} // a validated constraint is no different
}
