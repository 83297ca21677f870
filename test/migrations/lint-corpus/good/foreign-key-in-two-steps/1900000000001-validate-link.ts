import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ValidateLink1900000000001 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE order_lines VALIDATE CONSTRAINT order_lines_product_id_fkey`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
