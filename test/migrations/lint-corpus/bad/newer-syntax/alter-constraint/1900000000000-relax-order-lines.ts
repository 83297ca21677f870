import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RelaxOrderLines1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE order_lines ALTER CONSTRAINT order_lines_variant_id_fkey NOT ENFORCED`,
    );
  }

  async down(): Promise<void> {} // rows stay as they are
}
