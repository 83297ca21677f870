import type { QueryResult, QueryResultRow } from 'pg';

/** A tenant as the registry has it. */
export interface RegisteredTenant {
  shopId: string;
  /** Null for a spare tenant. */
  slug: string | null;
  version: number;
  checksum: string;
}

/** Tenants with the same migration history. */
export interface TenantGroup {
  checksum: string;
  version: number;
  tenants: number;
}

export interface TenantSelection {
  /** Only these; all when absent. */
  shopIds?: readonly string[];
  /** Only those from this id on. */
  from?: string;
}

/** A tenant that an operation left undone, with the reason. */
export interface UnfinishedTenant {
  shopId: string;
  /** Null for a spare tenant. */
  slug: string | null;
  sqlState: string | null;
  message: string;
}

/** Run id where nothing is migrated. */
export const NO_RUN = '00000000-0000-0000-0000-000000000000';

/** Whatever sends the registry's statements, as the admin login. Each statement is safe to send twice. */
interface Queries {
  query<R extends QueryResultRow>(sql: string, values: unknown[]): Promise<QueryResult<R>>;
}

/**
 * The rows of `public.tenants`: which tenants there are, and how far each is migrated. The rows of `schema_migrations`
 * inside each schema are the truth; the registry makes them findable with one query.
 */
export class TenantRegistry {
  /** @param runId run that tenants are marked with, and whose failures are left out of its later passes */
  constructor(
    private readonly queries: Queries,
    private readonly runId: string = NO_RUN,
  ) {}

  /** Numbers of tenants by migration history, without those that this run failed on. One query for the fleet. */
  async groups({ shopIds, from }: TenantSelection): Promise<TenantGroup[]> {
    const { rows } = await this.queries.query<TenantGroup>(
      `SELECT checksum, version, count(*)::int AS tenants FROM tenants
       WHERE NOT (status = 'failed' AND run_id IS NOT DISTINCT FROM $1)
         AND ($2::uuid[] IS NULL OR shop_id = ANY ($2)) AND ($3::uuid IS NULL OR shop_id >= $3)
       GROUP BY checksum, version ORDER BY version, checksum`,
      [this.runId, shopIds ?? null, from ?? null],
    );
    return rows;
  }

  /** Tenants with one of these histories, after `after`, in the order of ids. */
  async page(
    { shopIds, from }: TenantSelection,
    checksums: readonly string[],
    after: string | null,
    size: number,
  ): Promise<RegisteredTenant[]> {
    const { rows } = await this.queries.query<RegisteredTenant>(
      `SELECT t.shop_id AS "shopId", s.slug, t.version, t.checksum FROM tenants t LEFT JOIN shops s ON s.id = t.shop_id
       WHERE t.checksum = ANY ($2) AND ($5::uuid IS NULL OR t.shop_id > $5)
         AND NOT (t.status = 'failed' AND t.run_id IS NOT DISTINCT FROM $1)
         AND ($3::uuid[] IS NULL OR t.shop_id = ANY ($3)) AND ($4::uuid IS NULL OR t.shop_id >= $4)
       ORDER BY t.shop_id LIMIT $6`,
      [this.runId, checksums, shopIds ?? null, from ?? null, after, size],
    );
    return rows;
  }

  /** Ids of `size` tenants with one of these histories, drawn at random. */
  async sample(selection: TenantSelection, checksums: readonly string[], size: number): Promise<string[]> {
    const { rows } = await this.queries.query<{ shopId: string }>(
      `SELECT shop_id AS "shopId" FROM tenants WHERE checksum = ANY ($1)
         AND ($2::uuid[] IS NULL OR shop_id = ANY ($2)) AND ($3::uuid IS NULL OR shop_id >= $3)
       ORDER BY random() LIMIT $4`,
      [checksums, selection.shopIds ?? null, selection.from ?? null, size],
    );
    return rows.map(({ shopId }) => shopId);
  }

  /** Records why a tenant is not at the target, unless another runner has brought it there in the meantime. */
  async mark(
    { shopId, message, sqlState }: Omit<UnfinishedTenant, 'slug'>,
    status: 'deferred' | 'failed',
    targetChecksum: string,
  ): Promise<void> {
    await this.queries.query(
      `UPDATE tenants SET status = $2, attempts = attempts + 1, last_error = $3, last_sqlstate = $4, run_id = $5,
         started_at = now(), finished_at = now() WHERE shop_id = $1 AND checksum <> $6`,
      [shopId, status, message, sqlState, this.runId, targetChecksum],
    );
  }

  /** Tenants that this run deferred and that are still not at the target. */
  async deferred(limit: number): Promise<UnfinishedTenant[]> {
    const { rows } = await this.queries.query<UnfinishedTenant>(
      `SELECT t.shop_id AS "shopId", s.slug, t.last_error AS message, t.last_sqlstate AS "sqlState"
       FROM tenants t LEFT JOIN shops s ON s.id = t.shop_id
       WHERE t.status = 'deferred' AND t.run_id = $1 ORDER BY t.shop_id LIMIT $2`,
      [this.runId, limit],
    );
    return rows;
  }

  /** Closes these tenants to programs whose newest tenant migration is older than `since`. */
  async announce(shopIds: readonly string[], since: number): Promise<void> {
    await this.queries.query(
      'UPDATE tenants SET serves_from = $2 WHERE shop_id = ANY ($1) AND serves_from < $2',
      [shopIds, since],
    );
  }
}
