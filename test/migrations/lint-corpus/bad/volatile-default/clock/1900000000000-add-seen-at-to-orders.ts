import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddSeenAtToOrders1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE orders ADD COLUMN seen_at timestamptz DEFAULT date_trunc('day', clock_timestamp())`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE orders DROP COLUMN seen_at`);
  }
}
