import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { placeOf } from '../../config/database-url';
import type { Env } from '../../config/env';
import { withClient } from '../with-client';
import { EmbeddedServer } from './embedded-server';

/** Database of the program on the embedded server. */
export const DATABASE = 'stoa';
/** File in DATA_DIR with the password of the embedded server's superuser. */
export const SECRET_FILE = 'postgres.secret';
/** Name of the connection of a process that serves, followed by its URL. */
const SERVES = 'stoa serves ';
/** PostgreSQL cuts longer names of connections. */
const MAX_NAME = 63;
const POLL_MS = 200;

/** Name of the connection by which other processes find where this one serves; null if the URL is too long for it. */
export function servingName(url: string): string | null {
  const name = `${SERVES}${url}`;
  return name.length > MAX_NAME ? null : name;
}

/** True if the server exists; it need not run. */
export function hasEmbeddedServer({ DATA_DIR }: Env): boolean {
  return ['postgres/PG_VERSION', SECRET_FILE].every((file) => existsSync(path.join(DATA_DIR, file)));
}

/** Location of the embedded database, for people. */
export function describeEmbedded(url: string, dataDir: string): string {
  return `embedded PostgreSQL on ${placeOf(url)}, data in ${path.join(dataDir, 'postgres')}`;
}

/** An API server of another process of this DATA_DIR. */
export interface ServingProcess {
  url: string;
  /** Location of its database, for people. */
  database: string;
}

/**
 * Uses the API server that serves from the embedded database of DATA_DIR. Creates and starts nothing.
 * @param work its server does not stop meanwhile if it calls `guestsLeft` first
 * @returns false if none serves
 */
export async function withServingProcess(
  env: Env,
  work: (serving: ServingProcess) => Promise<void>,
): Promise<boolean> {
  const url = embeddedUrl(env);
  if (url === null) return false;
  return withClient(url, 'guest', async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT application_name AS name FROM pg_stat_activity
       WHERE datname = current_database() AND starts_with(application_name, $1) ORDER BY backend_start LIMIT 1`,
      [SERVES],
    );
    if (rows[0] === undefined) return false;
    const database = describeEmbedded(url, env.DATA_DIR);
    await work({ url: rows[0].name.slice(SERVES.length), database });
    return true;
  });
}

/** Waits until no other process uses the API servers of this DATA_DIR. @param onWait called if one does */
export async function guestsLeft(env: Env, onWait: () => void): Promise<void> {
  for (let isFirst = true; ; isFirst = false) {
    const url = embeddedUrl(env);
    if (url === null || !(await hasGuests(url))) return;
    if (isFirst) onWait();
    await sleep(POLL_MS);
  }
}

function hasGuests(url: string): Promise<boolean> {
  return withClient(url, 'find guests', async (client) => {
    const sql = 'SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1';
    return (await client.query(sql, ['stoa guest'])).rows.length > 0;
  });
}

/** URL of the superuser of the embedded server; null unless it runs. */
function embeddedUrl(env: Env): string | null {
  if (env.DATABASE_URL !== undefined || !hasEmbeddedServer(env)) return null;
  const password = readFileSync(path.join(env.DATA_DIR, SECRET_FILE), 'utf8').trim();
  return new EmbeddedServer(path.join(env.DATA_DIR, 'postgres'), password).runningUrl(DATABASE);
}
