import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Settings of shops besides name and currency; a name that is missing has its default. Existing shops have set nothing. */
export class AddShopsSettings1796710001000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE shops ADD COLUMN settings jsonb NOT NULL DEFAULT '{}'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE shops DROP COLUMN settings`);
  }
}
