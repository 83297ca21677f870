import type { OpeningClient } from '../../database/borrowed-client';
import { adminOf, type Installation } from '../../database/installation';
import { TENANT_IDS } from '../drift/fleet';
import { TenantLocator } from '../../tenancy/tenant-locator';
import type { TenantMigrations } from '../../tenancy/tenant-migrations';
import { type History, servesFromOf } from '../../tenancy/migration-history';
import { describe } from '../faults';
import { Lane } from '../reconnecting-client';
import type { RunProgress } from './run-options';
import { readHistory, type UnmigratedTenant } from './tenant-registry';

const PAGE = 500;

export interface RebuildSummary {
  tenants: number;
  /** Rows that were missing or said something else than the schema. */
  corrected: number;
  failed: UnmigratedTenant[];
}

interface Listed {
  shopId: string;
  slug: string | null;
  /** What the index says, as one text. */
  row: string | null;
}

/** Rebuilds the registry from the version rows inside the schemas of shops and of spare tenants. */
export async function rebuildRegistry(
  installation: Installation,
  migrations: TenantMigrations,
  onProgress: (progress: RunProgress) => void,
  signal: AbortSignal,
): Promise<RebuildSummary> {
  const lane = new Lane(adminOf(installation).url, 'rebuild index');
  const summary: RebuildSummary = { tenants: 0, corrected: 0, failed: [] };
  const locator = new TenantLocator();
  try {
    const total = await countTenants(await lane.client());
    for await (const { shopId, slug, row } of everyTenant(lane)) {
      if (signal.aborted) return summary;
      summary.tenants++;
      try {
        const client = await lane.client();
        await client.query(
          'INSERT INTO tenants (shop_id, version) VALUES ($1, 0) ON CONFLICT (shop_id) DO NOTHING',
          [shopId],
        );
        const placement = locator.locate(shopId);
        const history = await readHistory(client, shopId, placement, installation.roles, migrations.list);
        await correctServesFrom(client, shopId, history, migrations);
        const { rows } = await client.query<{ same: boolean }>(
          'SELECT (checksum, version, serves_from)::text IS NOT DISTINCT FROM $2 AS same FROM tenants WHERE shop_id = $1',
          [shopId, row],
        );
        if (!rows[0]!.same) summary.corrected++; // it is there, see above
      } catch (error) {
        await lane.reset();
        summary.failed.push({ shopId, slug, ...describe(error) });
      }
      onProgress({ done: summary.tenants, total, failed: summary.failed.length });
    }
    return summary;
  } finally {
    await lane.reset();
  }
}

/**
 * What was taken away from a tenant says which programs may not serve it; what was announced and never came does
 * not. A history with migrations of a newer program keeps what that program said.
 */
async function correctServesFrom(
  client: OpeningClient,
  shopId: string,
  history: History,
  { list }: TenantMigrations,
): Promise<void> {
  const applied = new Set(history.map(({ version }) => version));
  const known = list.filter(({ version }) => applied.has(version));
  if (known.length < applied.size) return;
  await client.query('UPDATE tenants SET serves_from = $2 WHERE shop_id = $1', [shopId, servesFromOf(known)]);
}

async function countTenants(client: OpeningClient): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM (${TENANT_IDS}) ids`,
  );
  return rows[0]!.count; // an aggregate has one row
}

async function* everyTenant(lane: Lane): AsyncGenerator<Listed> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const { rows } = await (
      await lane.client()
    ).query<Listed>(
      `SELECT ids.shop_id AS "shopId", s.slug,
         CASE WHEN t.shop_id IS NOT NULL THEN (t.checksum, t.version, t.serves_from)::text END AS row
       FROM (${TENANT_IDS}) ids
       LEFT JOIN shops s ON s.id = ids.shop_id LEFT JOIN tenants t ON t.shop_id = ids.shop_id
       WHERE ids.shop_id > $1 ORDER BY ids.shop_id LIMIT ${PAGE}`,
      [after],
    );
    if (rows.length === 0) return;
    yield* rows;
    after = rows.at(-1)!.shopId; // not empty
  }
}
