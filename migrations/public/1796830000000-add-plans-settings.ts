import type { MigrationInterface, QueryRunner } from 'typeorm';

const ARGUMENTS = 'member uuid, session uuid, shop uuid';
const RESULTS = `OUT is_live boolean, OUT member_role text, OUT status text, OUT currency text, OUT version bigint,
  OUT checksum text, OUT serves_from bigint, OUT plan text, OUT limits text, OUT features text`;

/**
 * Settings that the shops of a plan have until they choose others. `access_of` answers those in force; programs of the version
 * before read the other columns of its answer. A null that a shop has stored is no setting of its own.
 */
export class AddPlansSettings1796830000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE plans ADD COLUMN settings jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT plans_settings_check CHECK (jsonb_typeof(settings) = 'object')`);
    await replaceAccessOf(
      queryRunner,
      `${RESULTS}, OUT settings text`,
      ', (p.settings || jsonb_strip_nulls(s.settings))::text',
      ', access_of.settings',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await replaceAccessOf(queryRunner, RESULTS, '', '');
    await queryRunner.query(`ALTER TABLE plans DROP COLUMN settings`);
  }
}

/** The function's answer cannot be changed in place (PostgreSQL manual, CREATE FUNCTION). */
async function replaceAccessOf(
  queryRunner: QueryRunner,
  results: string,
  columns: string,
  targets: string,
): Promise<void> {
  await queryRunner.query(`DROP FUNCTION access_of(uuid, uuid, uuid)`);
  await queryRunner.query(`
    CREATE FUNCTION access_of(${ARGUMENTS}, ${results})
    LANGUAGE plpgsql STABLE AS $body$
    BEGIN
      is_live := session IS NULL OR EXISTS (
        SELECT FROM public.sessions s WHERE s.id = session AND s.user_id = member AND s.revoked_at IS NULL);
      IF is_live AND shop IS NOT NULL THEN
        SELECT m.role, s.status, s.currency, t.version, t.checksum, t.serves_from,
          s.plan, (p.limits || s.limits)::text, (p.features || s.features)::text${columns}
        INTO member_role, access_of.status, access_of.currency, access_of.version, access_of.checksum, access_of.serves_from,
          access_of.plan, access_of.limits, access_of.features${targets}
        FROM public.shops s JOIN public.memberships m ON m.shop_id = s.id AND m.user_id = member
          JOIN public.tenants t ON t.shop_id = s.id JOIN public.plans p ON p.name = s.plan
        WHERE s.id = shop;
      END IF;
    END $body$`);
}
