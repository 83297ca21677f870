import type { OpeningClient } from '../../database/borrowed-client';
import { adoptSql, type Migration, VERSION_TABLE, type VersionRow } from '../../database/schema-migrations';
import type { Roles } from '../../database/roles';
import { quoteLiteral } from '../../database/identifiers';
import { enterAsOwner } from '../../tenancy/provision-sql';
import type { Placement } from '../../tenancy/tenant';
import type { Control } from '../control-connection';
import { HeldElsewhere } from '../faults';
import { historyChecksum, newestVersion, servesFromOf } from '../../tenancy/migration-history';

/** A tenant as the index has it. */
export interface RegisteredTenant {
  shopId: string;
  /** Null for a spare tenant. */
  slug: string | null;
  version: number;
  checksum: string;
}

/** Tenants with the same history. */
export interface Group {
  checksum: string;
  version: number;
  tenants: number;
}

export interface Selection {
  /** Only these; all when absent. */
  shopIds?: readonly string[];
  /** Only those from this id on. */
  from?: string;
}

export interface UnmigratedTenant {
  shopId: string;
  /** Null for a spare tenant. */
  slug: string | null;
  sqlState: string | null;
  message: string;
}

/** Stands for the run where nothing is migrated. */
export const NO_RUN = '00000000-0000-0000-0000-000000000000';

/** The rows of `public.tenants`, for the migrator. */
export class TenantRegistry {
  constructor(
    private readonly control: Control,
    private readonly runId: string,
  ) {}

  /** How many tenants have which history, but for those that this run has failed at. One query for the fleet. */
  async groups({ shopIds, from }: Selection): Promise<Group[]> {
    const { rows } = await this.control.query<Group>(
      `SELECT checksum, version, count(*)::int AS tenants FROM tenants
       WHERE NOT (status = 'failed' AND run_id IS NOT DISTINCT FROM $1)
         AND ($2::uuid[] IS NULL OR shop_id = ANY ($2)) AND ($3::uuid IS NULL OR shop_id >= $3)
       GROUP BY checksum, version ORDER BY version, checksum`,
      [this.runId, shopIds ?? null, from ?? null],
    );
    return rows;
  }

  /** Some tenants with one of these histories, behind `after` in the order of ids. */
  async page(
    { shopIds, from }: Selection,
    checksums: readonly string[],
    after: string | null,
    size: number,
  ): Promise<RegisteredTenant[]> {
    const { rows } = await this.control.query<RegisteredTenant>(
      `SELECT t.shop_id AS "shopId", s.slug, t.version, t.checksum FROM tenants t LEFT JOIN shops s ON s.id = t.shop_id
       WHERE t.checksum = ANY ($2) AND ($5::uuid IS NULL OR t.shop_id > $5)
         AND NOT (t.status = 'failed' AND t.run_id IS NOT DISTINCT FROM $1)
         AND ($3::uuid[] IS NULL OR t.shop_id = ANY ($3)) AND ($4::uuid IS NULL OR t.shop_id >= $4)
       ORDER BY t.shop_id LIMIT $6`,
      [this.runId, checksums, shopIds ?? null, from ?? null, after, size],
    );
    return rows;
  }

  /** Ids of so many tenants with one of these histories, drawn by lot. */
  async sample(selection: Selection, checksums: readonly string[], size: number): Promise<string[]> {
    const { rows } = await this.control.query<{ shopId: string }>(
      `SELECT shop_id AS "shopId" FROM tenants WHERE checksum = ANY ($1)
         AND ($2::uuid[] IS NULL OR shop_id = ANY ($2)) AND ($3::uuid IS NULL OR shop_id >= $3)
       ORDER BY random() LIMIT $4`,
      [checksums, selection.shopIds ?? null, selection.from ?? null, size],
    );
    return rows.map(({ shopId }) => shopId);
  }

  /** Writes down why a tenant is not where it should be, unless another runner has brought it there meanwhile. */
  async mark(
    shopId: string,
    status: 'deferred' | 'failed',
    error: { message: string; sqlState: string | null },
    target: string,
  ): Promise<void> {
    await this.control.query(
      `UPDATE tenants SET status = $2, attempts = attempts + 1, last_error = $3, last_sqlstate = $4, run_id = $5,
         started_at = now(), finished_at = now() WHERE shop_id = $1 AND checksum <> $6`,
      [shopId, status, error.message, error.sqlState, this.runId, target],
    );
  }

  /** Tenants that this run has put off and that still wait, by name. */
  async deferred(limit: number): Promise<UnmigratedTenant[]> {
    const { rows } = await this.control.query<UnmigratedTenant>(
      `SELECT t.shop_id AS "shopId", s.slug, t.last_error AS message, t.last_sqlstate AS "sqlState"
       FROM tenants t LEFT JOIN shops s ON s.id = t.shop_id
       WHERE t.status = 'deferred' AND t.run_id = $1 ORDER BY t.shop_id LIMIT $2`,
      [this.runId, limit],
    );
    return rows;
  }

  /** From now on programs older than `since` must not serve these tenants. */
  async announce(shopIds: readonly string[], since: number): Promise<void> {
    await this.control.query(
      'UPDATE tenants SET serves_from = $2 WHERE shop_id = ANY ($1) AND serves_from < $2',
      [shopIds, since],
    );
  }
}

/**
 * Reads the history inside a schema, which is the truth, and puts the index right by it.
 * @throws HeldElsewhere; the server's error, 42P01 where there is no version table
 */
export async function readHistory(
  client: OpeningClient,
  shopId: string,
  { schema }: Placement,
  roles: Roles,
  migrations: readonly Migration[],
): Promise<VersionRow[]> {
  await client.open(`ROLLBACK; BEGIN; SET LOCAL lock_timeout = 1000`);
  const lock = await client.query<{ held: boolean }>(
    `SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS held`,
    [`migrate ${schema}`],
  );
  if (!lock.rows[0]!.held) throw new HeldElsewhere(`another runner migrates ${schema}`); // one row
  await client.open(`${enterAsOwner(schema, roles.owner)} ${adoptSql(migrations)}`);
  const { rows } = await client.query<VersionRow>(
    `SELECT version, name, checksum FROM ${VERSION_TABLE} ORDER BY version`,
  );
  const applied = new Set(rows.map(({ version }) => version));
  const servesFrom = servesFromOf(migrations.filter(({ version }) => applied.has(version)));
  await client.open(`RESET ROLE; UPDATE public.tenants SET version = ${newestVersion(rows)},
    checksum = ${quoteLiteral(historyChecksum(rows))}, serves_from = greatest(serves_from, ${servesFrom})
    WHERE shop_id = '${shopId}'; COMMIT`);
  return rows;
}
