import { type DynamicModule, Module } from '@nestjs/common';
import type { EntityTarget, ObjectLiteral } from 'typeorm';
import { LOGGER, type Logger } from '../common/logger';
import { DENIED, sqlState } from '../common/sqlstate';
import { ENV, type Env } from '../config/env';
import { type Times, TIMES } from '../config/times';
import { roomOf } from '../database/connections';
import { NETWORK_MS, connectionConfig, openDataSource } from '../database/data-source';
import { PublicDatabase } from '../database/control-database';
import { type Installation, INSTALLATION } from '../database/installation';
import { withClient } from '../database/with-client';
import { TransactionMeter } from '../database/transaction-meter';
import { Transactions } from '../database/transactions';
import { ShopActivity } from '../database/shop-activity';
import { ActivityLog } from './activity-log';
import { ShopActivityRow } from './shop-activity.entity';
import { ProvisioningService } from './provisioning.service';
import { RequestLimits } from './request-limits';
import { openTenantCache } from './open-tenant-cache';
import { countInDatabase, countInRedis } from './request-store';
import { ServedVersions } from './served-versions';
import { WarmPoolMaintenance } from './warm-pool-maintenance';
import { TenantConnection } from './tenant-connection';
import { TenantCache } from './tenant-cache';
import { TenantDatabase } from './tenant-database';
import { AccessDirectory } from './access-directory';
import { TenantFiles } from './tenant-files';
import { TenantGuard } from './tenant.guard';
import { TenantLocator } from './tenant-locator';
import { StoredImages } from './stored-images';
import { TenantBuilder } from './tenant-builder';
import { TenantMigrations } from './tenant-migrations';
import { TenantPool } from './tenant-pool';
import { TenantSession } from './tenant-session';
import { HeldTenant } from './held-tenant.entity';
import { KeptData } from './kept-data';
import { Quotas } from './quotas';
import { MigrationRun } from './migration-run.entity';
import { Plan } from './plan.entity';
import { SpareRole } from './spare-role.entity';
import { SpareTenant } from './spare-tenant.entity';
import { TenantRecord } from './tenant-record.entity';
import { WarmPool } from './warm-pool';

/** How long a tenant waits for its preferred connection before it takes another, milliseconds. A transaction takes 5 to 20 under load. */
const LONG_MS = 100;

/** Duration of a transaction after which its shop uses less of its share while others are active: docs/decisions/0031-fair-share-of-the-pool.md. */
const HEAVY_MS = 20;

/** Providers that a factory makes. */
const MADE_HERE = new Set<unknown>([TenantCache, TenantDatabase, TenantMigrations, RequestLimits]);

/** The engine's own tables in `public`. */
export const TENANCY_ENTITIES = [
  TenantRecord,
  SpareTenant,
  SpareRole,
  HeldTenant,
  MigrationRun,
  Plan,
  ShopActivityRow,
];

/** The engine. Its connection pool is created here and not exported. */
@Module({})
export class TenancyModule {
  /**
   * @param entities entities of the tenant side
   * @param oldestServed oldest tenant version that the code of the tenant side works with; by default the program only
   *   serves tenants that have all its migrations
   */
  static forRoot(entities: EntityTarget<ObjectLiteral>[], oldestServed?: number): DynamicModule {
    const exported = [
      ActivityLog,
      ShopActivity,
      ProvisioningService,
      WarmPoolMaintenance,
      TenantCache,
      TenantConnection,
      TenantDatabase,
      TenantFiles,
      KeptData,
      StoredImages,
      AccessDirectory,
      TenantGuard,
      RequestLimits,
      Quotas,
      TenantMigrations,
      TenantSession,
      WarmPool,
    ];
    return {
      module: TenancyModule,
      global: true,
      providers: [
        ...exported.filter((provider) => !MADE_HERE.has(provider)),
        { provide: TenantMigrations, useFactory: () => TenantMigrations.load() },
        {
          provide: ServedVersions,
          inject: [TenantMigrations],
          useFactory: ({ list }: TenantMigrations) => new ServedVersions(list, oldestServed),
        },
        {
          provide: TenantDatabase,
          inject: [INSTALLATION, ENV, TIMES, LOGGER, TenantLocator, ShopActivity],
          useFactory: (
            { logins }: Installation,
            env: Env,
            times: Times,
            logger: Logger,
            locator: TenantLocator,
            activity: ShopActivity,
          ) => openTenantDatabase({ url: logins.tenant, entities, env, times, logger, locator, activity }),
        },
        {
          provide: RequestLimits,
          inject: [PublicDatabase, ENV, LOGGER],
          useFactory: (database: PublicDatabase, env: Env, logger: Logger) =>
            openRequestLimits(database, env.REDIS_URL, logger),
        },
        {
          provide: TenantCache,
          inject: [ENV, LOGGER],
          useFactory: (env: Env, logger: Logger) => openTenantCache(env.REDIS_URL, logger),
        },
        TenantLocator,
        TenantBuilder,
      ],
      exports: exported,
    };
  }
}

async function openRequestLimits(
  database: PublicDatabase,
  redisUrl: string | undefined,
  logger: Logger,
): Promise<RequestLimits> {
  const warn = (err: Error) => logger.warn({ event: 'redis.error', err });
  const store = redisUrl === undefined ? countInDatabase(database) : await countInRedis(redisUrl, warn);
  return new RequestLimits(store, logger);
}

interface TenantDatabaseOptions {
  /** URL of the tenant login. */
  url: string;
  entities: EntityTarget<ObjectLiteral>[];
  env: Env;
  times: Times;
  logger: Logger;
  locator: TenantLocator;
  activity: ShopActivity;
}

async function openTenantDatabase(options: TenantDatabaseOptions): Promise<TenantDatabase> {
  const { url, entities, env, logger, locator, activity } = options;
  const { networkMs = NETWORK_MS } = options.times;
  const waitMs = env.POOL_WAIT_MS;
  const responseTimeoutMs = env.STATEMENT_TIMEOUT_MS + networkMs;
  const probe = { size: 1, kept: 0, waitMs, responseTimeoutMs }; // connects once, so that a wrong URL is reported
  const dataSource = await openDataSource(url, 'tenant', entities, probe, logger);
  const connections = new TenantPool(
    { connectionString: url, ...connectionConfig('tenant', { kept: 0, responseTimeoutMs }) },
    (err) => logger.warn({ event: 'pool.error', pool: 'tenant', err }),
    {
      size: env.TENANT_POOL_SIZE,
      room: roomOf(env.TENANT_POOL_SIZE),
      waitMs,
      longMs: LONG_MS,
      heavyMs: HEAVY_MS,
      tenantsPerConnection: env.TENANTS_PER_CONNECTION,
      workers: env.WORKERS,
    },
  );
  const limits = {
    ...{ statement: env.STATEMENT_TIMEOUT_MS, lock: env.LOCK_TIMEOUT_MS, idle: env.IDLE_TIMEOUT_MS },
    ...{ workMemKiB: null, tempFileMiB: null },
    maySetTempFiles: await maySetTempFiles(url),
  };
  const meter = new TransactionMeter({ slowMs: env.SLOW_STATEMENT_MS, logger, activity });
  return new TenantDatabase(new Transactions(dataSource, connections, meter), locator, limits);
}

/** True if a superuser has let the tenant login limit its temporary files: docs/operations.md. */
async function maySetTempFiles(url: string): Promise<boolean> {
  try {
    await withClient(url, 'tenant', (client) => client.exec(`SET temp_file_limit = '1MB'`)); // ends with the connection
    return true;
  } catch (error) {
    if (sqlState(error) === DENIED) return false;
    throw error;
  }
}
