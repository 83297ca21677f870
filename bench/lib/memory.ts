import { readFileSync } from 'node:fs';
import { adminOf, type Installation } from '../../src/database/installation';
import { withClient } from '../../src/database/with-client';

const MIB = 1024; // the kernel counts in KiB

/**
 * A process's own memory and its total memory in MiB, as Linux counts them. Own memory is anonymous memory only: Linux calls a
 * page of PostgreSQL's shared buffers private while only one process has touched it.
 */
export function memoryOf(pid: number): { own: number; resident: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const sizeOf = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? NaN) / MIB;
  return { own: sizeOf('Anonymous'), resident: sizeOf('Rss') };
}

/** Own memory of each server process of the API's tenant connections, in MiB. */
export async function backendMemory(installation: Installation): Promise<number[]> {
  const pids = await withClient(adminOf(installation).bootstrapUrl, 'bench', async (client) => {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'stoa tenant' AND datname = current_database()`,
    );
    return rows.map(({ pid }) => pid);
  });
  return pids.map((pid) => memoryOf(pid).own);
}
