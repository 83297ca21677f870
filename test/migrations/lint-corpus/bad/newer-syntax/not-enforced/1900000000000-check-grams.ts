import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CheckGrams1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE product_variants ADD CONSTRAINT product_variants_light_check CHECK (grams < 1000000) NOT ENFORCED`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE product_variants DROP CONSTRAINT product_variants_light_check`);
  }
}
