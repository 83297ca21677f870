import { readFileSync } from 'node:fs';
import { adminOf, type Installation } from '../../src/database/installation';
import { withClient } from '../../src/database/with-client';

const MIB = 1024; // the kernel counts in KiB

/**
 * MiB of memory that a process has for itself, and of all that it holds, as Linux counts them. A page of PostgreSQL's shared
 * buffers that one process alone has touched so far is not its own, though Linux calls it private.
 */
export function memoryOf(pid: number): { own: number; resident: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const sizeOf = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? NaN) / MIB;
  return { own: sizeOf('Anonymous'), resident: sizeOf('Rss') };
}

/** The same of the server processes behind an API's connections for tenants: MiB of each for itself. */
export async function backendMemory(installation: Installation): Promise<number[]> {
  const pids = await withClient(adminOf(installation).bootstrapUrl, 'bench', async (client) => {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'stoa tenant' AND datname = current_database()`,
    );
    return rows.map(({ pid }) => pid);
  });
  return pids.map((pid) => memoryOf(pid).own);
}
