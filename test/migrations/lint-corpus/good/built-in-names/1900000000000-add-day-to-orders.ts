import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddDayToOrders1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE orders ADD COLUMN paid_on pg_catalog.date DEFAULT pg_catalog.now(), ADD COLUMN note varchar(200) COLLATE pg_catalog."C"`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE orders DROP COLUMN paid_on, DROP COLUMN note`);
  }
}
