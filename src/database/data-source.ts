import { DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import type { Logger } from '../common/logger';
import { ExtendedClient, OpeningClient } from './borrowed-client';

export interface PoolSettings {
  /** Most connections at once. */
  size: number;
  /** How long a request waits for a connection, milliseconds. */
  waitMs: number;
  /** Lets one query carry several statements. For DDL of our own only. */
  severalStatements?: boolean;
}

/** Opens a pool for one login. Connects once, so a wrong URL is found here. */
export async function openDataSource(
  url: string,
  name: string,
  entities: EntityTarget<ObjectLiteral>[],
  pool: PoolSettings,
  logger: Logger,
): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    entities: entities as never[],
    applicationName: `stoa ${name}`,
    installExtensions: false, // TypeORM would run CREATE EXTENSION at start
    logging: false,
    poolSize: pool.size,
    connectTimeoutMS: pool.waitMs,
    poolErrorHandler: (error: Error) => logger.warn({ event: 'pool.error', pool: name, err: error }),
    extra: {
      Client: pool.severalStatements ? OpeningClient : ExtendedClient,
      pipeline: true,
      min: 1,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
    },
  });
  return dataSource.initialize();
}
