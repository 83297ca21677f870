import type { MigrationInterface, QueryRunner } from 'typeorm';

export class QuietenProducts1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products DISABLE TRIGGER ALL`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products ENABLE TRIGGER ALL`);
  }
}
