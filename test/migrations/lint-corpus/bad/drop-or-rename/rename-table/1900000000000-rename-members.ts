import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RenameMembers1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE members RENAME TO people`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE people RENAME TO members`);
  }
}
