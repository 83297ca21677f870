import { type DynamicModule, Module } from '@nestjs/common';
import type { EntityTarget, ObjectLiteral } from 'typeorm';
import { LOGGER, type Logger } from '../common/logger';
import { ADMIN_POOL_SIZE, ENV, type Env } from '../config/env';
import { PooledConnections } from './connections';
import { AdminDatabase, PublicDatabase } from './control-database';
import { ANSWER_MS, openDataSource } from './data-source';
import { INSTALLATION, type Installation } from './installation';
import { Transactions } from './transactions';

/** What a statement may take, milliseconds: the public login's own setting; more than any takes that serves a request as admin. */
const STATEMENT_MS = { public: 15_000, admin: 60_000 };

/** What the process is made of before Nest starts. */
export interface Base {
  env: Env;
  logger: Logger;
  installation: Installation;
}

/** Pools for the public side; the tenant side's pool is the engine's own (src/tenancy). */
@Module({})
export class DatabaseModule {
  static forRoot(base: Base, entities: EntityTarget<ObjectLiteral>[]): DynamicModule {
    const { env, logger, installation } = base;
    const open = async (login: 'admin' | 'public', url: string, size: number) => {
      const silenceMs = STATEMENT_MS[login] + ANSWER_MS;
      const pool = { size, waitMs: env.POOL_WAIT_MS, silenceMs, severalStatements: login === 'admin' };
      const dataSource = await openDataSource(url, login, entities, pool, logger);
      return new Transactions(dataSource, new PooledConnections(dataSource));
    };
    const { admin, logins } = installation;
    const providers = [
      { provide: ENV, useValue: env },
      { provide: LOGGER, useValue: logger },
      { provide: INSTALLATION, useValue: installation },
      {
        provide: PublicDatabase,
        useFactory: async () => new PublicDatabase(await open('public', logins.public, env.PUBLIC_POOL_SIZE)),
      },
      {
        provide: AdminDatabase,
        // Null in a process without admin rights: who needs it says so in its constructor.
        useFactory: async () =>
          admin === null ? null : new AdminDatabase(await open('admin', admin.url, ADMIN_POOL_SIZE)),
      },
    ];
    return { module: DatabaseModule, global: true, providers, exports: providers.map((p) => p.provide) };
  }
}
