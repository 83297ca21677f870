import type { MigrationInterface, QueryRunner } from 'typeorm';

export class UntouchProducts1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TRIGGER products_touch ON products`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
