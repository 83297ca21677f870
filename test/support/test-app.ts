import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLogger } from '../../src/common/logger';
import { readEnv } from '../../src/config/env';
import type { Times } from '../../src/config/times';
import { AdminDatabase, PublicDatabase } from '../../src/database/control-database';
import type { Base } from '../../src/database/database.module';
import { openInstallation } from '../../src/database/installation';
import { createHttpApp } from '../../src/app/http-server';
import { TenantDatabase } from '../../src/tenancy/tenant-database';
import { Api } from './api';
import { createTestDatabase, type TestDatabase } from './database';

/** The whole application on a database of its own, listening on a free port. */
export interface TestApp {
  app: NestFastifyApplication;
  api: Api;
  url: string;
  database: TestDatabase;
  close(): Promise<void>;
}

export interface TestAppOptions {
  /** A database that the caller made and drops. */
  database?: TestDatabase;
  /** Module to serve instead of the application's, which it should import. */
  root?: (base: Base) => DynamicModule;
  times?: Times;
}

/**
 * Call in `describe`: starts the application before the tests of the file and ends it after them. A test that
 * leaves a connection borrowed or a transaction open fails. Nothing fills the stock beside the tests, whatever
 * `WARM_TENANTS` says: only a process does that by itself.
 */
export function useTestApp(settings: Record<string, string> = {}, options: TestAppOptions = {}): TestApp {
  const holder = {} as TestApp;
  beforeAll(async () => {
    Object.assign(holder, await startTestApp(settings, options));
  });
  afterEach(() => assertNothingLeaked(holder));
  afterAll(() => holder.close());
  return holder;
}

export async function startTestApp(
  settings: Record<string, string> = {},
  { database, root, times = {} }: TestAppOptions = {},
): Promise<TestApp> {
  const own = database ?? (await createTestDatabase());
  const env = readEnv({
    DATABASE_URL: own.url,
    APP_SECRET: 'a secret that only tests use, at least 32 characters',
    NEW_SHOPS_PER_HOUR: '1000000',
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    IMPORT_INLINE_MB: '100', // most tests of imports read the report in the answer
    FILES_TARGET: path.join(path.dirname(process.env['TEST_PROGRAM']!), `files-${randomUUID()}`),
    ...settings,
  });
  const logger = createLogger(env.LOG_LEVEL);
  const installation = await openInstallation(env, logger);
  const base = { env, logger, installation, times };
  const app = await createHttpApp(base, root?.(base));
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    app,
    url,
    api: new Api(url),
    database: own,
    close: async () => {
      await app.close();
      await installation.server.close();
      if (database === undefined) await own.drop();
    },
  };
}

async function assertNothingLeaked({ app }: TestApp): Promise<void> {
  for (const pool of [PublicDatabase, AdminDatabase, TenantDatabase]) {
    const loads = () => app.get<{ load(): { total: number; idle: number } }>(pool, { strict: false }).load();
    for (let i = 0; i < 20 && loads().total !== loads().idle; i++) await sleep(10); // answers leave before release
    const { total, idle } = loads();
    if (total !== idle) throw new Error(`${pool.name}: ${total - idle} connection(s) were not given back`);
  }
}
