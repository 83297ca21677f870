import { type DynamicModule, Module } from '@nestjs/common';
import type { EntityTarget, ObjectLiteral } from 'typeorm';
import { LOGGER, type Logger } from '../common/logger';
import { ADMIN_POOL_SIZE, ENV, type Env } from '../config/env';
import { type Times, TIMES } from '../config/times';
import { PooledConnections } from './connections';
import { AdminDatabase, PublicDatabase } from './control-database';
import { NETWORK_MS, openDataSource } from './data-source';
import { INSTALLATION, type Installation } from './installation';
import { TransactionMeter } from './transaction-meter';
import { Transactions } from './transactions';

/** Time limit of a statement, milliseconds: the public login's own setting; for the admin login, more than any statement of a request takes. */
const STATEMENT_MS = { public: 15_000, admin: 60_000 };

/** Everything that exists before Nest starts. */
export interface Base {
  env: Env;
  logger: Logger;
  installation: Installation;
  times?: Times;
}

/** Pools of the public and admin logins; the tenant pool belongs to the engine (src/tenancy). */
@Module({})
export class DatabaseModule {
  static forRoot(base: Base, entities: EntityTarget<ObjectLiteral>[]): DynamicModule {
    const { env, logger, installation, times = {} } = base;
    const timeouts = {
      admin: STATEMENT_MS.admin + NETWORK_MS,
      public: times.publicResponseMs ?? STATEMENT_MS.public + NETWORK_MS,
    };
    const open = async (login: 'admin' | 'public', url: string, size: number) => {
      const pool = {
        size,
        waitMs: env.POOL_WAIT_MS,
        responseTimeoutMs: timeouts[login],
        severalStatements: login === 'admin',
      };
      const dataSource = await openDataSource(url, login, entities, pool, logger);
      const meter = new TransactionMeter({ slowMs: env.SLOW_STATEMENT_MS, logger });
      return new Transactions(dataSource, new PooledConnections(dataSource), meter);
    };
    const { admin, logins } = installation;
    const providers = [
      { provide: ENV, useValue: env },
      { provide: LOGGER, useValue: logger },
      { provide: TIMES, useValue: times },
      { provide: INSTALLATION, useValue: installation },
      {
        provide: PublicDatabase,
        useFactory: async () => new PublicDatabase(await open('public', logins.public, env.PUBLIC_POOL_SIZE)),
      },
      {
        provide: AdminDatabase,
        // Null in a process without admin rights.
        useFactory: async () =>
          admin === null ? null : new AdminDatabase(await open('admin', admin.url, ADMIN_POOL_SIZE)),
      },
    ];
    return { module: DatabaseModule, global: true, providers, exports: providers.map((p) => p.provide) };
  }
}
