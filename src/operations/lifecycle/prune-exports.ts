import type { ClientBase } from 'pg';
import type { Env } from '../../config/env';
import { openTarget } from './targets/open-target';

/** Days for which an export can be downloaded. */
export const EXPORT_DAYS = 7;

/**
 * Removes the files of exports that have expired, first the file, then its name in the operation. Safe to repeat.
 * @returns number of removed files
 */
export async function pruneExports(
  client: ClientBase,
  env: Pick<Env, 'S3_ENDPOINT' | 'S3_REGION'>,
): Promise<number> {
  const { rows } = await client.query<{ id: string; target: string; file: string }>(
    `SELECT id, result ->> 'target' AS target, result ->> 'file' AS file FROM public.operations
     WHERE kind = 'export' AND state = 'done' AND result ->> 'file' IS NOT NULL
       AND (result ->> 'expiresAt')::timestamptz <= now() ORDER BY id`,
  );
  for (const { id, target, file } of rows) {
    await (await openTarget(target, env)).remove(file);
    await client.query(`UPDATE public.operations SET result = result - 'file' WHERE id = $1`, [id]);
  }
  return rows.length;
}
