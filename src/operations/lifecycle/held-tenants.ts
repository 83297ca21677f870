import type { EngineClient } from '../../database/engine-client';
import { quoteLiteral } from '../../database/identifiers';
import type { Migration } from '../../database/schema-migrations';
import { newId } from '../../common/ids';
import type { HoldReason } from '../../tenancy/held-tenants';
import { historyChecksum, newestVersion, servesFromOf } from '../../tenancy/migration-history';
import { provisionSql } from '../../tenancy/provision-sql';
import { TenantLocator } from '../../tenancy/tenant-locator';
import type { TenantMigrations } from '../../tenancy/tenant-migrations';
import type { TenantHeader } from './copy/tenant-data';
import { VersionUnknown } from './lifecycle.errors';
import type { OperationRun } from './operation-kind';

/**
 * Migrations of this program that give a schema the same history.
 * @throws VersionUnknown naming migrations that this program does not have, or has with another content
 */
export function migrationsLike(
  { history }: Pick<TenantHeader, 'history'>,
  { list }: TenantMigrations,
): Migration[] {
  const known = new Map(list.map((migration) => [migration.version, migration]));
  const strange = history.filter(
    ({ version, checksum }) =>
      known.get(version)?.checksum !== checksum && !(checksum === '' && known.has(version)),
  );
  if (strange.length > 0)
    throw new VersionUnknown({
      detail: `This program does not have ${strange.map(({ name }) => name).join(', ')}: use the version that made the backup, or a newer one.`,
    });
  return history.map(({ version }) => known.get(version)!); // checked above
}

/**
 * Provisions an empty tenant with these migrations, in a transaction of its own. The operation holds it, and knows it from
 * its checkpoint.
 * @param checkpointOf makes the checkpoint from the tenant's id
 * @returns the tenant's id
 */
export async function holdNewTenant(
  client: EngineClient,
  run: OperationRun,
  migrations: readonly Migration[],
  ofShop: string | null,
  checkpointOf: (tenantId: string) => object,
): Promise<string> {
  const { roles } = run.tools.installation;
  const tenantId = newId();
  await client.exec(`BEGIN; ${provisionSql(new TenantLocator().locate(tenantId), roles, migrations)}
    INSERT INTO public.tenants (shop_id, version, checksum, serves_from) VALUES ('${tenantId}',
      ${newestVersion(migrations)}, ${quoteLiteral(historyChecksum(migrations))}, ${servesFromOf(migrations)});
    INSERT INTO public.held_tenants (shop_id, reason, of_shop, operation_id) VALUES ('${tenantId}', 'filling',
      ${ofShop === null ? 'NULL' : quoteLiteral(ofShop)}, '${run.operation.id}')`);
  await run.save(checkpointOf(tenantId), client);
  await client.exec('COMMIT');
  return tenantId;
}

/** True for a tenant that is being filled or was filled, and not yet used or removed. */
export async function isHeldForUse(client: EngineClient, tenantId: string): Promise<boolean> {
  const { rows } = await client.query(
    `SELECT FROM public.held_tenants WHERE shop_id = $1 AND reason IN ('filling', 'filled')`,
    [tenantId],
  );
  return rows.length > 0;
}

/** Changes why a tenant is held, in the client's transaction. */
export async function changeHold(client: EngineClient, tenantId: string, reason: HoldReason): Promise<void> {
  await client.query('UPDATE public.held_tenants SET reason = $2 WHERE shop_id = $1', [tenantId, reason]);
}
