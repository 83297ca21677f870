import type { MigrationInterface, QueryRunner } from 'typeorm';

export class KeyValue1900000000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE counters ALTER COLUMN value DROP NOT NULL`);
    await queryRunner.query(
      `ALTER TABLE counters ADD CONSTRAINT counters_value_pkey PRIMARY KEY USING INDEX counters_value_idx`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE counters DROP CONSTRAINT counters_value_pkey`);
  }
}
