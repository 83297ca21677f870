import type { MigrationInterface, QueryRunner } from 'typeorm';

export class GiveOrdersAway1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE orders OWNER TO reports`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE orders OWNER TO CURRENT_USER`);
  }
}
