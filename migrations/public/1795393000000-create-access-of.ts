import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Answers in one query whether a session is live and which role its user has in a shop. It is a function because of
 * its plans: PostgreSQL keeps them on each connection, while the plan of a statement takes it longer than the answer
 * (docs/decisions/0023-one-question-of-access.md). It works with the caller's own rights.
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
