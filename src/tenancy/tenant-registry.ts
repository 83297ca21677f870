import type { QueryResult, QueryResultRow } from 'pg';
import { IS_CLOSED } from './held-tenant.entity';

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

/** Failures that belong to a run, which several runners may share: those since its start, and those of these runners. */
export interface RunScope {
  since: string;
  runIds: readonly string[];
}

/** Scope in which nothing has failed. */
export const NO_FAILURES: RunScope = { since: 'infinity', runIds: [] };

/** SQL condition on a row `t` of tenants: a runner of the run has failed on it. */
export function failedInRun(since: string, runIds: string): string {
  return `(t.status = 'failed' AND (t.finished_at >= ${since}::timestamptz OR t.run_id = ANY (${runIds}::uuid[])))`;
}

/** Result of recording a tenant that was left undone. */
export interface Recorded {
  /** False if another runner of the run has recorded a failure of the tenant, or has migrated it. */
  isNew: boolean;
  /** Tenants that other runners of the run have failed on. */
  elsewhere: number;
}

/** Whatever sends the registry's statements, as the admin login. Each statement is safe to send twice. */
interface Queries {
  query<R extends QueryResultRow>(sql: string, values: unknown[]): Promise<QueryResult<R>>;
}

/**
 * The rows of `public.tenants`: which tenants there are, and how far each is migrated. The rows of `schema_migrations`
 * inside each schema are the truth; the registry makes them findable with one query.
 */
export class TenantRegistry {
  /** Tenants that failed within it are left out: each is tried once a run. Set when the run begins. */
  scope = NO_FAILURES;

  /** @param runId runner that tenants are marked with */
  constructor(
    private readonly queries: Queries,
    private readonly runId: string = NO_RUN,
  ) {}

  /** Numbers of open tenants by migration history, without those that this run failed on. One query for the fleet. */
  async groups({ shopIds, from }: TenantSelection): Promise<TenantGroup[]> {
    const { rows } = await this.queries.query<TenantGroup>(
      `SELECT checksum, version, count(*)::int AS tenants FROM tenants t
       WHERE NOT ${failedInRun('$1', '$2')} AND NOT ${IS_CLOSED}
         AND ($3::uuid[] IS NULL OR shop_id = ANY ($3)) AND ($4::uuid IS NULL OR shop_id >= $4)
       GROUP BY checksum, version ORDER BY version, checksum`,
      [this.scope.since, this.scope.runIds, shopIds ?? null, from ?? null],
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
       WHERE t.checksum = ANY ($3) AND ($6::uuid IS NULL OR t.shop_id > $6)
         AND NOT ${failedInRun('$1', '$2')} AND NOT ${IS_CLOSED}
         AND ($4::uuid[] IS NULL OR t.shop_id = ANY ($4)) AND ($5::uuid IS NULL OR t.shop_id >= $5)
       ORDER BY t.shop_id LIMIT $7`,
      [this.scope.since, this.scope.runIds, checksums, shopIds ?? null, from ?? null, after, size],
    );
    return rows;
  }

  /** Ids of `size` tenants with one of these histories, drawn at random. */
  async sample(selection: TenantSelection, checksums: readonly string[], size: number): Promise<string[]> {
    const { rows } = await this.queries.query<{ shopId: string }>(
      `SELECT shop_id AS "shopId" FROM tenants t WHERE checksum = ANY ($1) AND NOT ${IS_CLOSED}
         AND ($2::uuid[] IS NULL OR shop_id = ANY ($2)) AND ($3::uuid IS NULL OR shop_id >= $3)
       ORDER BY random() LIMIT $4`,
      [checksums, selection.shopIds ?? null, selection.from ?? null, size],
    );
    return rows.map(({ shopId }) => shopId);
  }

  /**
   * Records why a tenant is not at the target, unless another runner has brought it there or failed on it in the
   * meantime.
   */
  async mark(
    { shopId, message, sqlState }: Omit<UnfinishedTenant, 'slug'>,
    status: 'deferred' | 'failed',
    targetChecksum: string,
  ): Promise<Recorded> {
    const elsewhere = `${failedInRun('$7', '$8')} AND t.run_id IS DISTINCT FROM $5`;
    const { rows } = await this.queries.query<Recorded>(
      `WITH recorded AS (
         UPDATE tenants t SET status = $2, attempts = attempts + 1, last_error = $3, last_sqlstate = $4, run_id = $5,
           started_at = now(), finished_at = now()
         WHERE shop_id = $1 AND checksum <> $6 AND NOT (${elsewhere}) RETURNING 1)
       SELECT EXISTS (SELECT FROM recorded) AS "isNew",
         (SELECT count(*)::int FROM tenants t WHERE ${elsewhere}) AS elsewhere`,
      [shopId, status, message, sqlState, this.runId, targetChecksum, this.scope.since, this.scope.runIds],
    );
    return rows[0]!; // one row
  }

  /** True if a runner of the run has failed on the tenant. */
  async hasFailed(shopId: string): Promise<boolean> {
    const { rows } = await this.queries.query(
      `SELECT FROM tenants t WHERE shop_id = $3 AND ${failedInRun('$1', '$2')}`,
      [this.scope.since, this.scope.runIds, shopId],
    );
    return rows.length > 0;
  }

  /** Tenants that other runners of the run have failed on. */
  async failedElsewhere({ shopIds, from }: TenantSelection, limit: number): Promise<UnfinishedTenant[]> {
    const { rows } = await this.queries.query<UnfinishedTenant>(
      `SELECT t.shop_id AS "shopId", s.slug, t.last_error AS message, t.last_sqlstate AS "sqlState"
       FROM tenants t LEFT JOIN shops s ON s.id = t.shop_id
       WHERE ${failedInRun('$1', '$2')} AND t.run_id IS DISTINCT FROM $6
         AND ($3::uuid[] IS NULL OR t.shop_id = ANY ($3)) AND ($4::uuid IS NULL OR t.shop_id >= $4)
       ORDER BY t.shop_id LIMIT $5`,
      [this.scope.since, this.scope.runIds, shopIds ?? null, from ?? null, limit, this.runId],
    );
    return rows;
  }

  /** Tenants that a runner has deferred since the run began and that are still not at the target. */
  async deferred({ shopIds, from }: TenantSelection, limit: number): Promise<UnfinishedTenant[]> {
    const { rows } = await this.queries.query<UnfinishedTenant>(
      `SELECT t.shop_id AS "shopId", s.slug, t.last_error AS message, t.last_sqlstate AS "sqlState"
       FROM tenants t LEFT JOIN shops s ON s.id = t.shop_id
       WHERE t.status = 'deferred' AND t.finished_at >= $1::timestamptz
         AND ($2::uuid[] IS NULL OR t.shop_id = ANY ($2)) AND ($3::uuid IS NULL OR t.shop_id >= $3)
       ORDER BY t.shop_id LIMIT $4`,
      [this.scope.since, shopIds ?? null, from ?? null, limit],
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
