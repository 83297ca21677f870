import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexOrders1795392001000 implements MigrationInterface {
  readonly transaction = false as const;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE orders VALIDATE CONSTRAINT orders_kind_check`);
    await queryRunner.query(`
      CREATE UNIQUE INDEX CONCURRENTLY orders_external_number_key ON orders (external_number)
        WHERE external_number IS NOT NULL`);
    await queryRunner.query(`CREATE INDEX CONCURRENTLY orders_customer_id_idx ON orders (customer_id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX CONCURRENTLY orders_customer_id_idx`);
    await queryRunner.query(`DROP INDEX CONCURRENTLY orders_external_number_key`);
  }
}
