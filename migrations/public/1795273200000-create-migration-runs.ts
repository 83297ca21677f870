import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * State of the migrator for each tenant and each of its runs, and the functions that it calls inside a tenant's
 * transaction. They belong to the owner, and only the owner may call them. A failed expectation raises a SQLSTATE of our
 * own, so that the transaction is rolled back without the client: ST001 another runner migrates the tenant, ST002 its
 * migration history differs from the registry, ST003 its shape differs from the reference.
 *
 * Spare tenants have a row in `tenants` too, so a shop refers to its tenant and no longer the reverse.
 */
export class CreateMigrationRuns1795273200000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE tenants
        DROP CONSTRAINT tenants_shop_id_fkey,
        ADD COLUMN checksum text NOT NULL DEFAULT '',
        ADD COLUMN serves_from bigint NOT NULL DEFAULT 0,
        ADD COLUMN status text NOT NULL DEFAULT 'ready'
          CONSTRAINT tenants_status_check CHECK (status IN ('ready', 'deferred', 'failed')),
        ADD COLUMN attempts integer NOT NULL DEFAULT 0,
        ADD COLUMN last_sqlstate text,
        ADD COLUMN started_at timestamptz,
        ADD COLUMN run_id uuid,
        ADD COLUMN progress jsonb`);
    await queryRunner.query(`ALTER TABLE tenants RENAME COLUMN migrated_at TO finished_at`);
    await queryRunner.query(`DROP INDEX tenants_version_idx`);
    await queryRunner.query(
      `INSERT INTO tenants (shop_id, version) SELECT shop_id, version FROM tenant_stock`,
    );
    await queryRunner.query(`
      ALTER TABLE tenant_stock DROP COLUMN version,
        ADD CONSTRAINT tenant_stock_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES tenants (shop_id)`);
    await queryRunner.query(`
      ALTER TABLE shops ADD CONSTRAINT shops_id_fkey FOREIGN KEY (id) REFERENCES tenants (shop_id)
        DEFERRABLE INITIALLY DEFERRED`);
    await queryRunner.query(`
      CREATE TABLE migration_runs (
        id uuid NOT NULL CONSTRAINT migration_runs_pkey PRIMARY KEY,
        runner text NOT NULL,
        target bigint NOT NULL,
        total integer NOT NULL,
        migrated integer NOT NULL DEFAULT 0,
        failed integer NOT NULL DEFAULT 0,
        outcome text CONSTRAINT migration_runs_outcome_check
          CHECK (outcome IN ('done', 'unfinished', 'stopped', 'interrupted')),
        started_at timestamptz NOT NULL DEFAULT now(),
        seen_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz
      )`);
    await queryRunner.query(`
      CREATE OR REPLACE FUNCTION claim_tenant(least_version bigint) RETURNS uuid
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $claim$
      DECLARE
        taken uuid;
      BEGIN
        DELETE FROM public.tenant_stock WHERE shop_id = (
          SELECT s.shop_id FROM public.tenant_stock s JOIN public.tenants t ON t.shop_id = s.shop_id
          WHERE t.version >= least_version AND t.serves_from <= least_version
          ORDER BY s.created_at, s.shop_id LIMIT 1 FOR UPDATE OF s SKIP LOCKED
        ) RETURNING shop_id INTO taken;
        RETURN taken;
      END $claim$`);
    for (const sql of FUNCTIONS) await queryRunner.query(sql);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const name of ['open_step(text, text)', 'expect_shape(text, text)', 'tenant_shape(text)'])
      await queryRunner.query(`DROP FUNCTION ${name}`);
    await queryRunner.query(`DROP TABLE migration_runs`);
    await queryRunner.query(`ALTER TABLE shops DROP CONSTRAINT shops_id_fkey`);
    await queryRunner.query(`
      ALTER TABLE tenant_stock DROP CONSTRAINT tenant_stock_shop_id_fkey, ADD COLUMN version bigint`);
    await queryRunner.query(`UPDATE tenant_stock s SET version = t.version FROM tenants t
      WHERE t.shop_id = s.shop_id`);
    await queryRunner.query(`ALTER TABLE tenant_stock ALTER COLUMN version SET NOT NULL`);
    await queryRunner.query(`DELETE FROM tenants WHERE shop_id IN (SELECT shop_id FROM tenant_stock)`);
    await queryRunner.query(`ALTER TABLE tenants RENAME COLUMN finished_at TO migrated_at`);
    await queryRunner.query(`
      ALTER TABLE tenants DROP COLUMN checksum, DROP COLUMN serves_from, DROP COLUMN status,
        DROP COLUMN attempts, DROP COLUMN last_sqlstate, DROP COLUMN started_at, DROP COLUMN run_id,
        DROP COLUMN progress,
        ADD CONSTRAINT tenants_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES shops (id)
          DEFERRABLE INITIALLY DEFERRED`);
    await queryRunner.query(`CREATE INDEX tenants_version_idx ON tenants (version)`);
    await queryRunner.query(`
      CREATE OR REPLACE FUNCTION claim_tenant(least_version bigint) RETURNS uuid
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $claim$
      DECLARE
        taken uuid;
        taken_version bigint;
      BEGIN
        DELETE FROM public.tenant_stock WHERE shop_id = (
          SELECT s.shop_id FROM public.tenant_stock s WHERE s.version >= least_version
          ORDER BY s.created_at, s.shop_id LIMIT 1 FOR UPDATE SKIP LOCKED
        ) RETURNING shop_id, version INTO taken, taken_version;
        IF taken IS NOT NULL THEN
          INSERT INTO public.tenants (shop_id, version) VALUES (taken, taken_version);
        END IF;
        RETURN taken;
      END $claim$`);
  }
}

/**
 * The shape covers the catalogue without expressions as text, which would triple the time of a step. It is a hash of
 * hashes, in no order: writing everything as text and sorting it took longer. It starts at pg_depend because neither
 * pg_class nor pg_constraint has an index on the schema, and its cost must not grow with the number of tenants. The
 * setting that keeps this plan is on `expect_shape`, because each setting costs time at each call.
 */
const FUNCTIONS = [
  `CREATE FUNCTION open_step(tenant_schema text, expected text) RETURNS void
   LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $open$
   DECLARE
     found text;
   BEGIN
     IF NOT pg_try_advisory_xact_lock(hashtextextended('migrate ' || tenant_schema, 0)) THEN
       RAISE EXCEPTION 'another runner migrates %', tenant_schema USING ERRCODE = 'ST001';
     END IF;
     EXECUTE format('SELECT left(encode(sha256(convert_to(coalesce(
         string_agg(version || '':'' || checksum, '','' ORDER BY version), ''''), ''UTF8'')), ''hex''), 32)
       FROM %I.schema_migrations', tenant_schema) INTO found;
     IF found <> expected THEN
       RAISE EXCEPTION 'the history of % is not what public.tenants says', tenant_schema USING ERRCODE = 'ST002';
     END IF;
   END $open$`,
  `CREATE FUNCTION tenant_shape(tenant_schema text) RETURNS text
   LANGUAGE plpgsql STABLE AS $shape$
   DECLARE
     schema_id oid := (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = tenant_schema);
   BEGIN
     RETURN (
       WITH relations AS MATERIALIZED (
         SELECT c.* FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.objid
         WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = schema_id
           AND d.classid = 'pg_catalog.pg_class'::regclass)
       SELECT to_hex(bit_xor(hash_record_extended(ROW(
         r.relname, r.relkind, r.relpersistence, r.relrowsecurity, r.relhasrules,
         (SELECT bit_xor(hashtextextended(replace(item::text, tenant_schema, '~'), 0)) FROM unnest(r.relacl) item),
         (SELECT bit_xor(hash_record_extended(ROW(
            a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.atthasdef,
            a.attcollation, a.attgenerated, a.attidentity, a.attacl::text), 0))
          FROM pg_catalog.pg_attribute a WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped),
         (SELECT bit_xor(hash_record_extended(ROW(
            k.conname, k.contype, k.convalidated, k.condeferrable, k.condeferred,
            k.confdeltype, k.confupdtype, cardinality(k.conkey)), 0))
          FROM pg_catalog.pg_constraint k WHERE k.conrelid = r.oid AND k.contype <> 'n'),
         (SELECT bit_xor(hash_record_extended(ROW(
            c.relname, i.indisvalid, i.indisunique, i.indnatts, i.indnkeyatts,
            i.indpred IS NULL, i.indexprs IS NULL), 0))
          FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
          WHERE i.indrelid = r.oid)), 0)))
       FROM relations r);
   END $shape$`,
  `CREATE FUNCTION expect_shape(tenant_schema text, expected text) RETURNS void
   LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $expect$
   BEGIN
     IF public.tenant_shape(tenant_schema) IS DISTINCT FROM expected THEN
       RAISE EXCEPTION 'its tables, indexes or rights differ from the reference' USING ERRCODE = 'ST003';
     END IF;
   END $expect$`,
];
