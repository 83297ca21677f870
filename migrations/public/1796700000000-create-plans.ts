import type { MigrationInterface, QueryRunner } from 'typeorm';

const ARGUMENTS = 'member uuid, session uuid, shop uuid';
const RESULTS = `OUT is_live boolean, OUT member_role text, OUT status text, OUT currency text, OUT version bigint,
  OUT checksum text, OUT serves_from bigint`;

/**
 * Plans, the plan of each shop, and what a shop has in place of its plan's limits. Existing shops get the plan `standard`.
 * A key that is missing in `limits` has no limit of its own. `access_of` answers the limits too; programs of the version
 * before read the other columns of its answer.
 */
export class CreatePlans1796700000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE plans (
        name text CONSTRAINT plans_pkey PRIMARY KEY,
        limits jsonb NOT NULL DEFAULT '{}',
        features jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT plans_name_check CHECK (name ~ '^[a-z][a-z0-9-]{0,30}$'),
        CONSTRAINT plans_limits_check CHECK (jsonb_typeof(limits) = 'object' AND jsonb_typeof(features) = 'object')
      )`);
    await queryRunner.query(`
      INSERT INTO plans (name, limits) VALUES
        ('free', '{"requestsPerMinute": 1200, "requestBurst": 300, "transactionsAtOnce": 2, "transactionsWaiting": 20,
          "statementMs": 5000, "lockMs": 2000, "workMemKiB": 4096, "tempFileMiB": 256, "bodyKiB": 1024, "pageSize": 100,
          "rows": 100000, "storageMiB": 256, "seats": 3}'),
        ('standard', '{"requestsPerMinute": 12000, "requestBurst": 3000, "transactionsAtOnce": 4, "transactionsWaiting": 50,
          "rows": 5000000, "storageMiB": 10240}'),
        ('enterprise', '{"transactionsAtOnce": 8, "transactionsWaiting": 200, "statementMs": 60000, "lockMs": 10000,
          "workMemKiB": 16384}')`);
    await queryRunner.query(`
      ALTER TABLE shops
        ADD COLUMN plan text NOT NULL DEFAULT 'standard',
        ADD COLUMN limits jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN features jsonb NOT NULL DEFAULT '{}',
        ADD CONSTRAINT shops_plan_fkey FOREIGN KEY (plan) REFERENCES plans (name) NOT VALID`);
    await queryRunner.query(`CREATE INDEX shops_plan_idx ON shops (plan)`); // some thousand rows: built within the lock of above
    await replaceAccessOf(
      queryRunner,
      `${RESULTS}, OUT plan text, OUT limits text, OUT features text`,
      `s.plan, (p.limits || s.limits)::text, (p.features || s.features)::text`,
      ', access_of.plan, access_of.limits, access_of.features',
      'JOIN public.plans p ON p.name = s.plan',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await replaceAccessOf(queryRunner, RESULTS);
    await queryRunner.query(`ALTER TABLE shops DROP COLUMN plan, DROP COLUMN limits, DROP COLUMN features`);
    await queryRunner.query(`DROP TABLE plans`);
  }
}

/** The function's answer cannot be changed in place (PostgreSQL manual, CREATE FUNCTION). */
async function replaceAccessOf(
  queryRunner: QueryRunner,
  results: string,
  columns = '',
  targets = '',
  join = '',
): Promise<void> {
  await queryRunner.query(`DROP FUNCTION access_of(uuid, uuid, uuid)`);
  await queryRunner.query(`
    CREATE FUNCTION access_of(${ARGUMENTS}, ${results})
    LANGUAGE plpgsql STABLE AS $body$
    BEGIN
      is_live := session IS NULL OR EXISTS (
        SELECT FROM public.sessions s WHERE s.id = session AND s.user_id = member AND s.revoked_at IS NULL);
      IF is_live AND shop IS NOT NULL THEN
        SELECT m.role, s.status, s.currency, t.version, t.checksum, t.serves_from${columns && `, ${columns}`}
        INTO member_role, access_of.status, access_of.currency, access_of.version, access_of.checksum, access_of.serves_from${targets}
        FROM public.shops s JOIN public.memberships m ON m.shop_id = s.id AND m.user_id = member
          JOIN public.tenants t ON t.shop_id = s.id ${join}
        WHERE s.id = shop;
      END IF;
    END $body$`);
}
