import type { MigrationInterface, QueryRunner } from 'typeorm';

export class GuardOrders1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE orders ENABLE ROW LEVEL SECURITY`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE orders DISABLE ROW LEVEL SECURITY`);
  }
}
