import type { PoolConfig } from 'pg';
import { DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import type { Logger } from '../common/logger';
import { ExtendedClient, OpeningClient, type OpeningConfig } from './borrowed-client';

export interface PoolSettings {
  /** Most connections at once. */
  size: number;
  /** How long a request waits for a connection, milliseconds. */
  waitMs: number;
  /** Connections that stay open when there is nothing to do. */
  kept?: number;
  /**
   * How long the server may say nothing when it owes an answer, milliseconds. More than it gives a statement, or
   * statements that it would have ended itself cost a connection each.
   */
  silenceMs: number;
  /** Lets one query carry several statements. For DDL of our own only. */
  severalStatements?: boolean;
}

/** On top of what a statement may take: the server ends it, and its answer travels. Milliseconds. */
export const ANSWER_MS = 5000;

/**
 * What a connection that does nothing is kept for: its backend knows some hundred tenants by then, and a new one would have
 * to meet them all again (docs/decisions/0016-pool-that-knows-tenants.md). Milliseconds.
 */
const IDLE_MS = 600_000;
/** Without, Linux says nothing for two hours on a connection that is idle, and what is between drops it after some minutes. */
const KEEP_ALIVE_MS = 60_000;

/** How one connection of a pool is opened and when it is closed, for `pg`. */
export function connectionConfig(
  name: string,
  { kept = 1, silenceMs, severalStatements }: Pick<PoolSettings, 'kept' | 'silenceMs' | 'severalStatements'>,
): PoolConfig & OpeningConfig {
  return {
    application_name: `stoa ${name}`,
    Client: (severalStatements ? OpeningClient : ExtendedClient) as PoolConfig['Client'], // one signature for seven
    pipeline: true,
    min: kept,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    silenceMs,
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
