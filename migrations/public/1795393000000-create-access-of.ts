import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Function that returns, in one query, if a session is live and the role of its user in a shop. It is a function because
 * PostgreSQL keeps its plans on each connection, while planning the same statement takes longer than running it
 * (docs/decisions/0023-one-question-of-access.md). It runs with the caller's rights.
 */
export class CreateAccessOf1795393000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE FUNCTION access_of(member uuid, session uuid, shop uuid, OUT is_live boolean, OUT member_role text,
        OUT status text, OUT currency text, OUT version bigint, OUT checksum text, OUT serves_from bigint)
      LANGUAGE plpgsql STABLE AS $body$
      BEGIN
        is_live := session IS NULL OR EXISTS (
          SELECT FROM public.sessions s WHERE s.id = session AND s.user_id = member AND s.revoked_at IS NULL);
        IF is_live AND shop IS NOT NULL THEN
          SELECT m.role, s.status, s.currency, t.version, t.checksum, t.serves_from
          INTO member_role, access_of.status, access_of.currency, access_of.version, access_of.checksum, access_of.serves_from
          FROM public.shops s JOIN public.memberships m ON m.shop_id = s.id AND m.user_id = member
            JOIN public.tenants t ON t.shop_id = s.id
          WHERE s.id = shop;
        END IF;
      END $body$`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION access_of(uuid, uuid, uuid)`);
  }
}
