import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Adds the statuses read_only and deleted. Older programs let no member into a shop of a status other than active, and
 * the check on deleted_at keeps them from opening a deleted one. `down` fails while a shop has one of the new statuses.
 */
export class WidenShopsStatus1796600100000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE shops
        ADD COLUMN deleted_at timestamptz,
        ADD CONSTRAINT shops_deleted_at_check CHECK ((status = 'deleted') = (deleted_at IS NOT NULL)) NOT VALID,
        DROP CONSTRAINT shops_status_check,
        ADD CONSTRAINT shops_status_check
          CHECK (status IN ('active', 'read_only', 'suspended', 'deleted')) NOT VALID`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE shops
        DROP COLUMN deleted_at,
        DROP CONSTRAINT shops_status_check,
        ADD CONSTRAINT shops_status_check CHECK (status IN ('active', 'suspended'))`);
  }
}
