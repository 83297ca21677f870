import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Two transactions at once for shops of the plan `standard`, unless an operator has changed the four. On a server with two cores,
 * four long searches of one shop made a list of another take six times as long, and two three times; the searches were as many
 * (bench:neighbours).
 */
export class LowerStandardShare1796860000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      UPDATE plans SET limits = limits || '{"transactionsAtOnce": 2}'
      WHERE name = 'standard' AND limits->>'transactionsAtOnce' = '4'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      UPDATE plans SET limits = limits || '{"transactionsAtOnce": 4}'
      WHERE name = 'standard' AND limits->>'transactionsAtOnce' = '2'`);
  }
}
