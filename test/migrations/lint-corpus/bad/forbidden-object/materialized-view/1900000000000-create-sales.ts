import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateSales1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE MATERIALIZED VIEW sales AS SELECT currency, sum(total_minor) AS total FROM orders GROUP BY currency`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP MATERIALIZED VIEW sales`);
  }
}
