import type { MigrationInterface, QueryRunner } from 'typeorm';

export class FillVendor1900000000000 implements MigrationInterface {
  readonly looksAtData = true;

  async up(queryRunner: QueryRunner): Promise<void> {
    const rows: unknown = await queryRunner.query(`SELECT id FROM products WHERE vendor = '' LIMIT 1`);
    if (Array.isArray(rows) && rows.length > 0)
      await queryRunner.query(`ALTER TABLE products ADD COLUMN vendor_note text`);
    await queryRunner.query(`UPDATE products SET vendor = 'none' WHERE vendor = ''`);
  }

  async down(): Promise<void> {} // rows stay as they are
}
