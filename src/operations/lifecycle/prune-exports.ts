import type { ClientBase } from 'pg';
import type { Env } from '../../config/env';
import { placeOf } from './backup-files';
import type { Operation } from './operation.entity';
import { openTarget } from './targets/open-target';

type Settings = Pick<Env, 'S3_ENDPOINT' | 'S3_REGION'>;

/** Days for which an export can be downloaded. */
export const EXPORT_DAYS = 7;

/** Files of exports that a shop keeps, for members and operators each: a newer one takes the place of the oldest. */
export const KEPT_EXPORTS = 3;

/**
 * Removes the files of older exports, so that with the one that is running KEPT_EXPORTS are left.
 * @returns files that could not be removed; the next export tries again
 */
export async function pruneOlderExports(
  client: ClientBase,
  env: Settings,
  { shopId, byKind }: Pick<Operation, 'shopId' | 'byKind'>,
): Promise<{ file: string; error: unknown }[]> {
  const newest = `
    SELECT id FROM public.operations WHERE kind = 'export' AND state = 'done' AND shop_id = $1 AND by_kind = $2
      AND result ->> 'file' IS NOT NULL AND result ->> 'expiresAt' IS NOT NULL ORDER BY id DESC LIMIT ${KEPT_EXPORTS - 1}`;
  const isOlder = `shop_id = $1 AND by_kind = $2 AND id NOT IN (${newest})`;
  return (await removeExports(client, env, isOlder, [shopId, byKind])).left;
}

/**
 * Removes the files of exports that have expired. Safe to repeat. A place that refuses keeps no other from being cleared.
 * @returns number of removed files
 * @throws AggregateError at the end, when some could not be removed
 */
export async function pruneExports(client: ClientBase, env: Settings): Promise<number> {
  const isExpired = `(result ->> 'expiresAt')::timestamptz <= now()`;
  const { removed, left } = await removeExports(client, env, isExpired, []);
  if (left.length > 0)
    throw new AggregateError(
      left.map(({ error }) => error),
      `${left.length} expired export(s) could not be removed`,
    );
  return removed;
}

/**
 * Removes files of exports that lie in the configured place of their time, first the file, then its name in the operation.
 * One that somebody has put elsewhere (`--out`) is theirs.
 * @param condition SQL on a row of operations
 */
export async function removeExports(
  client: ClientBase,
  env: Settings,
  condition: string,
  values: unknown[],
): Promise<{ removed: number; left: { file: string; error: unknown }[] }> {
  const { rows } = await client.query<{ id: string; target: string; file: string }>(
    `SELECT id, result ->> 'target' AS target, result ->> 'file' AS file FROM public.operations
     WHERE kind = 'export' AND state = 'done' AND result ->> 'file' IS NOT NULL AND result ->> 'expiresAt' IS NOT NULL
       AND ${condition} ORDER BY id`,
    values,
  );
  const left: { file: string; error: unknown }[] = [];
  for (const { id, target, file } of rows) {
    try {
      await (await openTarget(target, env)).remove(file);
    } catch (error) {
      left.push({ file: placeOf({ target, file }), error });
      continue;
    }
    await client.query(`UPDATE public.operations SET result = result - 'file' WHERE id = $1`, [id]);
  }
  return { removed: rows.length - left.length, left };
}
