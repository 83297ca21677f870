import { Injectable } from '@nestjs/common';
import { isId } from '../common/ids';
import { PublicDatabase } from '../database/control-database';

export interface ListedTenant {
  shopId: string;
  slug: string;
  version: number;
}

export interface EachTenantOptions {
  /** Tenants handled at the same time. */
  concurrency: number;
  /** Stops taking further tenants; those in hand are finished. */
  signal?: AbortSignal;
}

/** The one place that goes through tenants: lists them and runs work for each, a few at a time. */
@Injectable()
export class EachTenant {
  constructor(private readonly database: PublicDatabase) {}

  /**
   * Tenants in order of creation.
   * @param shop slug or id of the only one wanted
   * @param below only those whose version is lower
   */
  list({ shop, below }: { shop?: string; below?: number } = {}): Promise<ListedTenant[]> {
    const conditions = ['true'];
    const values: unknown[] = [];
    if (shop !== undefined) conditions.push(`s.${isId(shop) ? 'id' : 'slug'} = $${values.push(shop)}`);
    if (below !== undefined) conditions.push(`t.version < $${values.push(below)}`);
    return this.database.run((manager) =>
      manager.query<ListedTenant[]>(
        `SELECT t.shop_id AS "shopId", s.slug, t.version FROM tenants t JOIN shops s ON s.id = t.shop_id
         WHERE ${conditions.join(' AND ')} ORDER BY t.shop_id`,
        values,
      ),
    );
  }

  /** Runs `work` for each tenant. `work` handles its own errors; one that it throws stops the whole run. */
  async run(
    tenants: readonly ListedTenant[],
    { concurrency, signal }: EachTenantOptions,
    work: (tenant: ListedTenant) => Promise<void>,
  ): Promise<void> {
    const queue = tenants.values();
    const worker = async () => {
      for (const tenant of queue) {
        if (signal?.aborted) return;
        await work(tenant);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  }
}
