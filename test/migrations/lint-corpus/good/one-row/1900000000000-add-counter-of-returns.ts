import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddCounterOfReturns1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `INSERT INTO counters (name, value) VALUES ('returns', 0) ON CONFLICT (name) DO NOTHING`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DELETE FROM counters WHERE name = 'returns'`);
  }
}
