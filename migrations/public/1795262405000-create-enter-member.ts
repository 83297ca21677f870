import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Writes one row of a shop's `members` with the rights of the owner of all tables. The login that writes `memberships`
 * can then write both in one transaction without any right in a shop
 * (docs/decisions/0013-functions-with-the-owners-rights.md).
 */
export class CreateEnterMember1795262405000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE FUNCTION enter_member(shop uuid, member uuid, member_name text, member_role text) RETURNS void
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
      AS $body$
      BEGIN
        EXECUTE pg_catalog.format(
          'INSERT INTO %I.members (user_id, name, role) VALUES ($1, $2, $3)
           ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, role = excluded.role',
          'shop_' || pg_catalog.replace(shop::text, '-', '')
        ) USING member, member_name, member_role;
      END
      $body$`);
    await queryRunner.query(`REVOKE ALL ON FUNCTION enter_member(uuid, uuid, text, text) FROM PUBLIC`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION enter_member(uuid, uuid, text, text)`);
  }
}
