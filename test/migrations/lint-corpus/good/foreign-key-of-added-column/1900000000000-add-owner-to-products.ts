import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddOwnerToProducts1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE products ADD COLUMN owner_id uuid CONSTRAINT products_owner_id_fkey REFERENCES members (user_id)`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE products DROP COLUMN owner_id`);
  }
}
