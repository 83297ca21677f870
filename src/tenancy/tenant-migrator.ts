import { Inject, Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { sqlState } from '../common/sqlstate';
import { OpeningClient } from '../database/borrowed-client';
import { INSTALLATION } from '../database/database.module';
import { quoteLiteral } from '../database/identifiers';
import { adminOf, type Installation } from '../database/installation';
import { migrateSchema } from '../database/schema-migrator';
import { auditSql } from './audit-log';
import { EachTenant, type ListedTenant } from './each-tenant';
import { engineTableRights } from './provision-sql';
import { TenantLocator } from './tenant-locator';
import { TenantMigrations } from './tenant-migrations';

export interface MigrateOptions {
  /** Slug or id of the only shop to migrate. */
  shop?: string;
  signal?: AbortSignal;
  onTenant?: (done: number, total: number, tenant: ListedTenant, error?: unknown) => void;
}

export interface MigrateSummary {
  /** Tenants that were behind when the run began. */
  behind: number;
  migrated: number;
  /** The run was stopped by its signal before all were handled. */
  interrupted: boolean;
  failed: { shopId: string; slug: string; sqlState: string | undefined; message: string }[];
}

const CONCURRENCY = 3;

/** Brings every tenant's schema to the newest version; a tenant that fails does not stop the others. */
@Injectable()
export class TenantMigrator {
  constructor(
    private readonly eachTenant: EachTenant,
    private readonly locator: TenantLocator,
    private readonly migrations: TenantMigrations,
    @Inject(INSTALLATION) private readonly installation: Installation,
  ) {}

  /** Tenants that a run would migrate. */
  behind(shop?: string): Promise<ListedTenant[]> {
    return this.eachTenant.list({ ...(shop === undefined ? {} : { shop }), below: this.migrations.latest });
  }

  /** @throws only what concerns all tenants, such as a database that is away */
  async migrate({ shop, signal, onTenant }: MigrateOptions = {}): Promise<MigrateSummary> {
    const tenants = await this.behind(shop);
    const summary: MigrateSummary = { behind: tenants.length, migrated: 0, interrupted: false, failed: [] };
    if (tenants.length === 0) return summary;
    const pool = new Pool({
      connectionString: adminOf(this.installation).url,
      application_name: 'stoa migrate tenants',
      max: CONCURRENCY,
      Client: OpeningClient,
    });
    pool.on('error', () => undefined); // an idle connection that breaks is replaced; a busy one reports itself
    const report = (tenant: ListedTenant, error?: unknown) =>
      onTenant?.(summary.migrated + summary.failed.length, tenants.length, tenant, error);
    try {
      await this.eachTenant.run(
        tenants,
        { concurrency: CONCURRENCY, ...(signal && { signal }) },
        async (tenant) => {
          const error = await this.migrateOne(pool, tenant);
          if (error === undefined) summary.migrated++;
          else summary.failed.push({ ...tenant, sqlState: sqlState(error), message: messageOf(error) });
          report(tenant, error);
        },
      );
    } finally {
      await pool.end();
    }
    summary.interrupted = summary.migrated + summary.failed.length < tenants.length;
    return summary;
  }

  private async migrateOne(pool: Pool, { shopId }: ListedTenant): Promise<unknown> {
    const placement = this.locator.locate(shopId);
    const client = await pool.connect();
    try {
      await migrateSchema(
        client,
        {
          schema: placement.schema,
          owner: this.installation.roles.owner,
          rights: engineTableRights(placement),
          record: (version) => recordVersion(shopId, version),
        },
        this.migrations.list,
      );
      return undefined;
    } catch (error) {
      await client
        .query('UPDATE tenants SET last_error = $2 WHERE shop_id = $1', [shopId, messageOf(error)])
        .catch(() => undefined); // the error itself is returned and reported
      return error;
    } finally {
      client.release(client.getTransactionStatus() !== 'I');
    }
  }
}

function recordVersion(shopId: string, version: number): string {
  const event = { action: 'schema.migrated', actorId: null, shopId, requestId: null } as const;
  return `UPDATE public.tenants SET version = ${version}, last_error = NULL, migrated_at = now()
    WHERE shop_id = ${quoteLiteral(shopId)}; ${auditSql({ ...event, details: { version } })}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
