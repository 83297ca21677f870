import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ChangeProducts1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`LOCK TABLE products IN EXCLUSIVE MODE`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
