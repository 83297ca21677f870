import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Facts of each shop for reports over all shops, and when they were read. They can be deleted: a refresh reads them again. */
export class CreateReports1796750000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE shop_reports (
        shop_id uuid NOT NULL CONSTRAINT shop_reports_pkey PRIMARY KEY
          CONSTRAINT shop_reports_shop_id_fkey REFERENCES shops (id) ON DELETE CASCADE,
        products bigint NOT NULL DEFAULT 0,
        bytes bigint NOT NULL DEFAULT 0,
        read_at timestamptz,
        failed_at timestamptz,
        error text
      )`);
    await queryRunner.query(`
      CREATE TABLE shop_days (
        shop_id uuid NOT NULL CONSTRAINT shop_days_shop_id_fkey REFERENCES shop_reports (shop_id) ON DELETE CASCADE,
        day date NOT NULL,
        currency text NOT NULL,
        orders bigint NOT NULL,
        revenue_minor bigint NOT NULL,
        CONSTRAINT shop_days_pkey PRIMARY KEY (shop_id, day, currency)
      )`);
    await queryRunner.query(`CREATE INDEX shop_days_day_idx ON shop_days (day)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE shop_days`);
    await queryRunner.query(`DROP TABLE shop_reports`);
  }
}
