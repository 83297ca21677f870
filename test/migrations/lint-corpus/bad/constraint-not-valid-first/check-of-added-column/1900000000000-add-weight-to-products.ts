import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddWeightToProducts1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE products ADD COLUMN weight integer CONSTRAINT products_weight_check CHECK (weight > 0)`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products DROP COLUMN weight`);
  }
}
