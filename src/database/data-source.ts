import pg, { type PoolConfig } from 'pg';
import { DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import type { Logger } from '../common/logger';
import { ExtendedClient, EngineClient, type EngineClientConfig } from './engine-client';

export interface PoolSettings {
  /** Maximum number of connections. */
  size: number;
  /** How long a request waits for a connection, milliseconds. */
  waitMs: number;
  /** Connections that stay open when idle. */
  kept?: number;
  /**
   * How long the server may send nothing while it owes an answer, milliseconds. Must exceed the statement timeout:
   * otherwise each statement that the server would have ended costs a connection.
   */
  responseTimeoutMs: number;
  /** Allows several statements in one query. For the engine's own DDL only. */
  severalStatements?: boolean;
}

/** Time for an answer to arrive after the server has ended a statement, milliseconds. */
export const NETWORK_MS = 5000;

/**
 * How long an idle connection is kept, milliseconds: its backend has cached the tables of some hundred tenants, and a new
 * one would have to read them all again (docs/decisions/0016-pool-that-knows-tenants.md).
 */
const IDLE_MS = 600_000;
/** TCP keep-alive interval, milliseconds. Linux waits two hours by default, and firewalls drop idle connections after minutes. */
const KEEP_ALIVE_MS = 60_000;

/** Configuration of one pooled connection, for `pg`. */
export function connectionConfig(
  name: string,
  {
    kept = 1,
    responseTimeoutMs,
    severalStatements,
  }: Pick<PoolSettings, 'kept' | 'responseTimeoutMs' | 'severalStatements'>,
): PoolConfig & EngineClientConfig {
  return {
    application_name: `stoa ${name}`,
    Client: (severalStatements ? EngineClient : ExtendedClient) as PoolConfig['Client'], // our `query` has one signature instead of seven
    pipeline: true,
    min: kept,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    responseTimeoutMs,
  };
}

/** Opens a pool for one login. Connects once, so that a wrong URL is reported here. */
export async function openDataSource(
  url: string,
  name: string,
  entities: EntityTarget<ObjectLiteral>[],
  pool: PoolSettings,
  logger: Logger,
): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    driver: pg, // TypeORM would look for another copy in node_modules
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
