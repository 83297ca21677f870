import { adminOf, type Installation } from '../../src/database/installation';
import { type Migration, VERSION_TABLE } from '../../src/database/schema-migrations';
import { withClient } from '../../src/database/with-client';
import { actAsOwner } from '../../src/tenancy/provision-sql';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import type { TenantMigrations } from '../../src/tenancy/tenant-migrations';

const CONNECTIONS = 2;
const BATCH = 50;
/** Tables in which a run leaves dead rows. */
const WORN = 'pg_attribute, pg_class, pg_index, pg_depend, pg_type, tenants, audit_log';

/** Returns shops to the state that `before` describes, then sweeps. */
export async function rewind(
  installation: Installation,
  before: TenantMigrations,
  undone: Migration,
): Promise<void> {
  const { url } = adminOf(installation);
  const ids = await withClient(url, 'bench', async (client) => {
    const { rows } = await client.query<{ id: string }>(
      'SELECT shop_id AS id FROM tenants WHERE version = $1',
      [undone.version],
    );
    return rows.map(({ id }) => id);
  });
  const batches = Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, i) =>
    ids.slice(i * BATCH, (i + 1) * BATCH),
  ).values();
  const work = () =>
    withClient(url, 'bench', async (client) => {
      await client.query('SET synchronous_commit = off');
      for (const batch of batches)
        await client.exec(
          `BEGIN; ${batch.map((id) => undoSql(installation, id, undone)).join('')} RESET ROLE; COMMIT`,
        );
    });
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  await withClient(url, 'bench', (client) =>
    client.query(`UPDATE tenants SET version = $1, checksum = $2, run_id = NULL WHERE version = $3`, [
      before.latest,
      before.checksum,
      undone.version,
    ]),
  );
  await sweep(installation);
}

/** Vacuums the catalogue, so that earlier work does not affect the next measurement. */
export async function sweep(installation: Installation): Promise<void> {
  await withClient(adminOf(installation).bootstrapUrl, 'bench', async (client) => {
    await client.query(`VACUUM (ANALYZE) ${WORN}`);
    await client.query('CHECKPOINT');
  });
}

function undoSql({ roles }: Installation, id: string, undone: Migration): string {
  const { schema } = new TenantLocator().locate(id);
  return `${actAsOwner(schema, roles.owner)} ${undone.down}
    DELETE FROM ${VERSION_TABLE} WHERE version = ${undone.version};`;
}
