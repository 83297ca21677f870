import { createShop } from '../../src/public/shops/create-shop';
import { ProvisioningService } from '../../src/tenancy/provisioning.service';
import { PASSWORD } from '../support/factories';
import { useTestApp } from '../support/test-app';

/** Everything a shop leaves in the database; equal before and after means that nothing was left. */
const CENSUS = `
  SELECT (SELECT count(*)::int FROM public.users) AS users,
         (SELECT count(*)::int FROM public.shops) AS shops,
         (SELECT count(*)::int FROM public.memberships) AS memberships,
         (SELECT count(*)::int FROM public.tenants) AS tenants,
         (SELECT count(*)::int FROM public.refresh_tokens) AS tokens,
         (SELECT count(*)::int FROM pg_namespace WHERE nspname LIKE 'shop\\_%') AS schemas,
         (SELECT count(*)::int FROM pg_class WHERE relnamespace IN
            (SELECT oid FROM pg_namespace WHERE nspname LIKE 'shop\\_%')) AS relations,
         (SELECT count(*)::int FROM pg_default_acl) AS acls,
         (SELECT count(*)::int FROM pg_roles r WHERE rolname LIKE 'shop\\_%' AND pg_has_role($1, r.oid, 'MEMBER'))
           AS roles`;

const app = useTestApp();
const registration = (email: string, slug?: string) => ({
  email,
  password: PASSWORD,
  shop: { name: 'Corner Shop', ...(slug === undefined ? {} : { slug }) },
});
const census = async () => (await app.database.query(CENSUS, [`${app.database.name}_tenant`]))[0];

describe('provisioning', () => {
  it('makes schema, role, tables, members and version rows with the shop', async () => {
    const { body } = await app.api.post('auth/register', registration('whole@example.com'));
    const schema = `shop_${body.shop.id.replaceAll('-', '')}`;
    const tables = await app.database.query<{ tablename: string; tableowner: string }>(
      'SELECT tablename, tableowner FROM pg_tables WHERE schemaname = $1 ORDER BY tablename',
      [schema],
    );
    expect(tables.map(({ tablename }) => tablename)).toEqual([
      ...[
        'changes',
        'counters',
        'customers',
        'idempotency_keys',
        'import_changes',
        'imports',
        'members',
        'order_events',
        'order_lines',
        'orders',
        'product_embeddings',
        'product_variants',
        'products',
        'schema_migrations',
        'stock_changes',
      ],
    ]);
    expect(new Set(tables.map(({ tableowner }) => tableowner))).toEqual(
      new Set([`${app.database.name}_owner`]),
    );
    expect(await app.database.query(`SELECT user_id, name, role FROM ${schema}.members`)).toEqual([
      { user_id: body.user.id, name: body.user.name, role: 'owner' },
    ]);
    const [index] = await app.database.query<{ version: string }>(
      'SELECT version FROM public.tenants WHERE shop_id = $1',
      [body.shop.id],
    );
    const inside = await app.database.query<{ version: string }>(
      `SELECT max(version) AS version FROM ${schema}.schema_migrations`,
    );
    expect(inside).toEqual([index]);
  });

  it('gives two shops that want one slug at once to exactly one of them', async () => {
    const before = await census();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        app.api.post('auth/register', registration(`race${i}@example.com`, 'wanted')),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status, body }) => status === 409 && body.code === 'SLUG_TAKEN')).toHaveLength(
      19,
    );
    const after = await census();
    for (const kind of ['users', 'shops', 'memberships', 'tenants', 'schemas', 'roles'])
      expect([kind, after![kind as never]]).toEqual([kind, before![kind as never] + 1]);
  });

  it('undoes everything when work after the shop fails', async () => {
    const before = await census();
    const owner = { id: '01900000-0000-7000-8000-000000000001', name: 'Ada' };
    const provisioning = app.app.get(ProvisioningService);
    const failing = provisioning.transaction(async (manager) => {
      await manager.query(
        `INSERT INTO users (id, email, name, password_hash) VALUES ($1, 'a@b.c', 'Ada', '-')`,
        [owner.id],
      );
      await createShop(manager, provisioning, { name: 'Doomed', owner });
      throw new Error('after the shop');
    });
    await expect(failing).rejects.toThrow('after the shop');
    expect(await census()).toEqual(before);
  });
});

describe('a failure while a shop is made', () => {
  const FAULT = 'injected fault';

  /** Statements of the provisioning message that are DDL, each a place where it can fail. */
  const DDL_STEPS = 200;

  afterEach(() =>
    app.database.query('DROP EVENT TRIGGER IF EXISTS fail_at; DROP TABLE IF EXISTS public.fail_at CASCADE'),
  );

  it('leaves nothing behind, whichever DDL statement fails, and the same request then works', async () => {
    await app.database.query(`
      CREATE SCHEMA IF NOT EXISTS faults; GRANT USAGE ON SCHEMA faults TO PUBLIC;
      CREATE SEQUENCE IF NOT EXISTS faults.step; GRANT ALL ON SEQUENCE faults.step TO PUBLIC;
      CREATE TABLE IF NOT EXISTS faults.plan (fail_at int); GRANT SELECT ON faults.plan TO PUBLIC;
      TRUNCATE faults.plan; INSERT INTO faults.plan VALUES (NULL);
      CREATE OR REPLACE FUNCTION faults.maybe() RETURNS event_trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF session_user LIKE '%_admin' AND nextval('faults.step') = (SELECT fail_at FROM faults.plan) THEN RAISE EXCEPTION '${FAULT}'; END IF;
      END $$;
      CREATE EVENT TRIGGER fail_at ON ddl_command_end EXECUTE FUNCTION faults.maybe()`);
    const before = await census();
    let failed = 0;
    for (let step = 1; step <= DDL_STEPS; step++) {
      await app.database.query(
        `UPDATE faults.plan SET fail_at = ${step}; ALTER SEQUENCE faults.step RESTART`,
      );
      await app.database.query(`SELECT setval('faults.step', 1, false)`);
      const { status } = await app.api.post('auth/register', registration('ddl@example.com', 'ddl'));
      if (status === 201) break; // there are fewer steps than that
      failed++;
      expect(status).toBe(500);
      expect(await census()).toEqual(before);
    }
    expect(failed).toBeGreaterThan(12); // role and schema grants, each table, each index
    const [{ shops }] = (await app.database.query(
      `SELECT count(*)::int AS shops FROM public.shops WHERE slug = 'ddl'`,
    )) as [{ shops: number }];
    expect(shops).toBe(1);
  });

  it.each(['users', 'shops', 'memberships', 'tenants', 'refresh_tokens'])(
    'leaves nothing behind when the row in %s cannot be written',
    async (table) => {
      const email = `row-${table.replace('_', '-')}@example.com`;
      const before = await census();
      await app.database.query(`
        CREATE OR REPLACE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql
          AS $$ BEGIN RAISE EXCEPTION '${FAULT}'; END $$;
        GRANT EXECUTE ON FUNCTION public.refuse() TO PUBLIC;
        CREATE TRIGGER refuse AFTER INSERT ON public.${table} FOR EACH ROW EXECUTE FUNCTION public.refuse()`);
      try {
        expect((await app.api.post('auth/register', registration(email))).status).toBe(500);
      } finally {
        await app.database.query('DROP FUNCTION public.refuse() CASCADE');
      }
      expect(await census()).toEqual(before);
      expect((await app.api.post('auth/register', registration(email))).status).toBe(201);
    },
  );

  it('leaves nothing behind when a role cannot be made', async () => {
    const creators = await app.database.query<{ name: string }>(
      `SELECT quote_ident(rolname) AS name FROM pg_roles WHERE starts_with(rolname, current_database() || '_admin')`,
    );
    const alter = (attribute: string) =>
      app.database.query(creators.map(({ name }) => `ALTER ROLE ${name} ${attribute}`).join(';'));
    const before = await census();
    await alter('NOCREATEROLE');
    try {
      expect((await app.api.post('auth/register', registration('role@example.com'))).status).toBe(500);
    } finally {
      await alter('CREATEROLE');
    }
    expect(await census()).toEqual(before);
    expect((await app.api.post('auth/register', registration('role@example.com'))).status).toBe(201);
  });

  it('leaves nothing behind when the connection is cut at random moments', async () => {
    const before = await census();
    const registrations = Array.from({ length: 40 }, (_, i) =>
      app.api.post('auth/register', registration(`cut${i}@example.com`)),
    );
    let running = true;
    const cutting = (async () => {
      while (running)
        await app.database.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE usename = $1 AND state <> 'idle' AND random() < 0.3`,
          [`${app.database.name}_admin`],
        );
    })();
    const answers = await Promise.all(registrations);
    running = false;
    await cutting;
    const made = answers.filter(({ status }) => status === 201).length;
    expect(answers.filter(({ status }) => status !== 201 && status !== 503)).toEqual([]);
    expect(made).toBeLessThan(40);
    const after = await census();
    const shops = after!['shops' as never] - before!['shops' as never];
    expect(shops).toBeGreaterThanOrEqual(made); // a cut may come after COMMIT and before its answer
    for (const kind of ['users', 'memberships', 'tenants', 'schemas', 'roles', 'acls', 'tokens'])
      expect([kind, after![kind as never] - before![kind as never]]).toEqual([kind, shops]);
  });
});
