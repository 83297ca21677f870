import type { MigrationInterface, QueryRunner } from 'typeorm';

export class KeyValue1900000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE counters DROP CONSTRAINT counters_pkey`);
    await queryRunner.query(
      `ALTER TABLE counters ADD CONSTRAINT counters_value_pkey PRIMARY KEY USING INDEX counters_value_pkey`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE counters DROP CONSTRAINT counters_value_pkey`);
    await queryRunner.query(`ALTER TABLE counters ADD CONSTRAINT counters_pkey PRIMARY KEY (name)`);
  }
}
