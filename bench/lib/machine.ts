import { readFileSync } from 'node:fs';
import os from 'node:os';
import { withClient } from '../../src/database/with-client';

/** The machine, versions and settings of a measurement, without which a figure says little. */
export interface Setup {
  machine: { cpu: string; cores: number; memoryGiB: number; system: string; load: number };
  versions: { node: string; postgresql: string; pg: string };
  /** Settings of the server that affect speed, and all that differ from PostgreSQL's defaults. */
  settings: Record<string, string>;
}

const SPEED = [
  'autovacuum',
  'fsync',
  'full_page_writes',
  'max_wal_size',
  'shared_buffers',
  'synchronous_commit',
  'wal_level',
];

/** @param url of a superuser, because others do not see all settings */
export function describeSetup(url: string): Promise<Setup> {
  return withClient(url, 'bench', async (client) => {
    const { rows } = await client.query<{ name: string; value: string }>(
      `SELECT name, current_setting(name) AS value FROM pg_settings
       WHERE name = ANY ($1) OR source = 'command line' AND name NOT IN ('port', 'config_file')
       ORDER BY name`,
      [SPEED],
    );
    const version = await client.query<{ server_version: string }>('SHOW server_version');
    return {
      machine: machine(),
      versions: {
        node: process.version,
        postgresql: version.rows[0]!.server_version, // SHOW returns one row
        pg: versionOf('pg'),
      },
      settings: Object.fromEntries(rows.map(({ name, value }) => [name, value])),
    };
  });
}

function machine(): Setup['machine'] {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()}`,
    load: Number(os.loadavg()[0]!.toFixed(2)), // always has three elements
  };
}

function versionOf(name: string): string {
  const file = require.resolve(`${name}/package.json`);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
