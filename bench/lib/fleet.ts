import { newId } from '../../src/common/ids';
import { adminOf, type Installation } from '../../src/database/installation';
import { withClient } from '../../src/database/with-client';
import { provisionSql } from '../../src/tenancy/provision-sql';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import type { TenantMigrations } from '../../src/tenancy/tenant-migrations';

const CONNECTIONS = 3;

/**
 * Creates shops `shop-0`, `shop-1`, … of one user, complete as by provisioning, on several connections.
 * @param first number of the first new shop, in a fleet that has shops already
 * @returns their ids
 */
export async function makeFleet(
  installation: Installation,
  migrations: TenantMigrations,
  count: number,
  first = 0,
): Promise<string[]> {
  const { url } = adminOf(installation);
  const user = newId();
  await withClient(url, 'bench', (client) =>
    client.query(`INSERT INTO users (id, email, name, password_hash) VALUES ($1, $2, 'Bench', '')`, [
      user,
      `bench-${first}@example.com`,
    ]),
  );
  const ids = Array.from({ length: count }, newId);
  const left = ids.entries();
  const work = () =>
    withClient(url, 'bench', async (client) => {
      await client.query('SET synchronous_commit = off');
      for (const [i, id] of left) await client.exec(shopSql(installation, migrations, user, id, first + i));
    });
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  return ids;
}

/**
 * Does in advance what autovacuum and the checkpointer would do in the minutes after the shops were created: they would take
 * CPU and disk from the measurement.
 */
export function settle(installation: Installation): Promise<void> {
  return withClient(adminOf(installation).bootstrapUrl, 'bench', async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT oid::regclass::text AS name FROM pg_class
       WHERE relkind = 'r' AND relnamespace IN ('pg_catalog'::regnamespace, 'public'::regnamespace)`,
    );
    await client.query(`VACUUM (ANALYZE) ${rows.map(({ name }) => name).join(', ')}`);
    await client.query('CHECKPOINT');
  });
}

function shopSql(
  { roles }: Installation,
  migrations: TenantMigrations,
  user: string,
  id: string,
  number: number,
): string {
  const placement = new TenantLocator().locate(id);
  return `BEGIN; ${provisionSql(placement, roles, migrations.list)}
    INSERT INTO public.shops (id, name, slug) VALUES ('${id}', 'Shop ${number}', 'shop-${number}');
    INSERT INTO public.memberships (user_id, shop_id, role) VALUES ('${user}', '${id}', 'owner');
    INSERT INTO ${placement.schema}.members (user_id, name, role) VALUES ('${user}', 'Bench', 'owner');
    INSERT INTO public.tenants (shop_id, version, checksum)
      VALUES ('${id}', ${migrations.latest}, '${migrations.checksum}');
    COMMIT`;
}
