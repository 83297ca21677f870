import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Logger } from '../../common/logger';
import {
  DUPLICATE_DATABASE,
  isDatabaseAway,
  isUniqueViolation,
  NO_SUCH_DATABASE,
  sqlState,
} from '../../common/sqlstate';
import { OperatorError } from '../../common/report';
import { placeOf } from '../../config/database-url';
import type { Env } from '../../config/env';
import { EmbeddedServer } from './embedded-server';
import { keptSecret } from '../secrets';
import { withClient } from '../with-client';
import { DATABASE, describeEmbedded, hasEmbeddedServer, SECRET_FILE, servingName } from './serving-process';

/** PostgreSQL server of this process: an external one, or the embedded one that the process starts. */
export interface DatabaseServer {
  adminUrl: string;
  /** Location for people, without a password. */
  description: string;
  /** Tells other processes of this DATA_DIR where this one serves the API; nobody if the server is an external one. */
  announce(url: string): Promise<void>;
  /** Releases the server; the last process stops an embedded one. */
  close(): Promise<void>;
}

/** Every process that uses an embedded server holds this lock in shared mode; one that gets it exclusively may stop the server. */
const PRESENCE_LOCK = 7_301_002;
const ATTEMPTS = 100;
const RETRY_MS = 200;

/** Opens the server, and creates the embedded one if it does not exist. */
export function openServer(env: Env, logger: Logger): Promise<DatabaseServer> {
  return openExternal(env) ?? new EmbeddedSession(env.DATA_DIR, logger).open();
}

/**
 * Opens a server that exists; may start it, and creates nothing.
 * @throws OperatorError if there is no embedded server in DATA_DIR
 */
export function openExistingServer(env: Env, logger: Logger): Promise<DatabaseServer> {
  const external = openExternal(env);
  if (external !== undefined) return external;
  if (!hasEmbeddedServer(env))
    throw new OperatorError(
      `There is no database in DATA_DIR (${env.DATA_DIR}), and DATABASE_URL is not set. This command creates none: ` +
        'set one of them to that of the program, or start the program once.',
    );
  return new EmbeddedSession(env.DATA_DIR, logger, false).open();
}

function openExternal({ DATABASE_URL: url }: Env): Promise<DatabaseServer> | undefined {
  if (url === undefined) return undefined;
  const [announce, close] = [() => Promise.resolve(), () => Promise.resolve()];
  return Promise.resolve({ adminUrl: url, description: `${placeOf(url)} (DATABASE_URL)`, announce, close });
}

/** Use of the embedded server under `DATA_DIR` by one process: starts it, restarts it after a crash, stops it when last. */
class EmbeddedSession {
  private readonly server: EmbeddedServer;
  private presence: Client | null = null;
  private port: number | undefined;
  private closing = false;
  /** Name of the connection that holds the presence lock. */
  private name = 'stoa presence';

  constructor(
    private readonly dataDir: string,
    private readonly logger: Logger,
    private readonly mayCreate = true,
  ) {
    const password = keptSecret(path.join(dataDir, SECRET_FILE));
    this.server = new EmbeddedServer(path.join(dataDir, 'postgres'), password);
  }

  async open(): Promise<DatabaseServer> {
    const port = await this.attach();
    return {
      adminUrl: this.server.url(port, DATABASE),
      description: describeEmbedded(this.server.url(port, DATABASE), this.dataDir),
      announce: (url) => this.announce(url),
      close: () => this.close(),
    };
  }

  private async announce(url: string): Promise<void> {
    const name = servingName(url);
    if (name === null) return;
    this.name = name; // also of the connection after a restart of the server
    await this.presence?.query(`SELECT set_config('application_name', $1, false)`, [name]);
  }

  /** Starts or finds the server and takes the presence lock; retries when another process is stopping it. */
  private async attach(): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      const { port, reused } = await this.server.start(this.port);
      try {
        await this.enterOrCreate(port);
        this.port = port;
        return port;
      } catch (error) {
        if (isDatabaseAway(error) && attempt < ATTEMPTS) {
          await sleep(RETRY_MS);
          continue;
        }
        if (!reused) await this.server.stop(); // no other process will
        throw error;
      }
    }
  }

  private async enterOrCreate(port: number): Promise<void> {
    try {
      await this.enter(port);
    } catch (error) {
      if (sqlState(error) !== NO_SUCH_DATABASE || !this.mayCreate) throw error;
      await this.createDatabase(port);
      await this.enter(port);
    }
  }

  private async enter(port: number): Promise<void> {
    const client = new Client({
      connectionString: this.server.url(port, DATABASE),
      application_name: this.name,
      keepAlive: true,
    });
    client.on('error', (error) => {
      if (!this.closing) this.logger.warn({ event: 'embedded.lost', err: error });
    });
    client.on('end', () => void this.comeBack(client));
    await client.connect();
    await client.query('SELECT pg_advisory_lock_shared($1)', [PRESENCE_LOCK]);
    this.presence = client;
  }

  /** Restarts a server that died, on the same port, where the pools expect it. */
  private async comeBack(lost: Client): Promise<void> {
    if (this.closing || lost !== this.presence) return;
    this.presence = null;
    while (!this.closing && this.presence === null) {
      try {
        await this.attach();
        this.logger.warn({ event: 'embedded.restarted', port: this.port });
      } catch (error) {
        this.logger.error({ event: 'embedded.restart_failed', err: error });
        await sleep(5 * RETRY_MS);
      }
    }
  }

  private async createDatabase(port: number): Promise<void> {
    await withClient(this.server.url(port, 'postgres'), 'start', async (client) => {
      await client.query(`CREATE DATABASE ${DATABASE}`).catch(unlessTaken);
    });
  }

  private async close(): Promise<void> {
    this.closing = true;
    const client = this.presence;
    if (client === null) return;
    try {
      await client.query('SELECT pg_advisory_unlock_shared($1)', [PRESENCE_LOCK]);
      const { rows } = await client.query<{ alone: boolean }>('SELECT pg_try_advisory_lock($1) AS alone', [
        PRESENCE_LOCK,
      ]);
      if (rows[0]?.alone) await this.server.stop(); // still holding the lock, so no process can join
    } catch (error) {
      this.logger.warn({ event: 'embedded.stop_failed', err: error });
    } finally {
      await client.end().catch(() => undefined); // closed by the stop
    }
  }
}

/** Ignores that another process has just created the database. */
function unlessTaken(error: unknown): void {
  if (sqlState(error) !== DUPLICATE_DATABASE && !isUniqueViolation(error)) throw error;
}
