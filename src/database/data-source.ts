import type { PoolConfig } from 'pg';
import { DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import type { Logger } from '../common/logger';
import { ExtendedClient, OpeningClient } from './borrowed-client';

export interface PoolSettings {
  /** Most connections at once. */
  size: number;
  /** How long a request waits for a connection, milliseconds. */
  waitMs: number;
  /** Connections that stay open when there is nothing to do. */
  kept?: number;
  /** Lets one query carry several statements. For DDL of our own only. */
  severalStatements?: boolean;
}

/** How one connection of a pool is opened and when it is closed, for `pg`. */
export function connectionConfig(
  name: string,
  { kept = 1, severalStatements }: Pick<PoolSettings, 'kept' | 'severalStatements'>,
): PoolConfig {
  return {
    application_name: `stoa ${name}`,
    Client: (severalStatements ? OpeningClient : ExtendedClient) as PoolConfig['Client'], // one signature for seven
    pipeline: true,
    min: kept,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
  };
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
    installExtensions: false, // TypeORM would run CREATE EXTENSION at start
    logging: false,
    poolSize: pool.size,
    connectTimeoutMS: pool.waitMs,
    poolErrorHandler: (error: Error) => logger.warn({ event: 'pool.error', pool: name, err: error }),
    extra: connectionConfig(name, pool),
  });
  return dataSource.initialize();
}
