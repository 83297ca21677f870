import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ValidateOrderStates1796100001000 implements MigrationInterface {
  readonly transaction = false as const;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE orders VALIDATE CONSTRAINT orders_paid_minor_check`);
    await queryRunner.query(`ALTER TABLE order_lines VALIDATE CONSTRAINT order_lines_fulfilled_check`);
  }

  async down(): Promise<void> {
    // A constraint cannot become NOT VALID again.
  }
}
