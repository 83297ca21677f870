import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ProtectMembers1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE RULE members_keep AS ON DELETE TO members DO INSTEAD NOTHING`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP RULE members_keep ON members`);
  }
}
