import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RequireName1900000000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE vendors ALTER COLUMN name SET NOT NULL`);
    await queryRunner.query(
      `ALTER TABLE vendors ADD CONSTRAINT vendors_pkey PRIMARY KEY USING INDEX vendors_pkey`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE vendors ALTER COLUMN name DROP NOT NULL`);
  }
}
