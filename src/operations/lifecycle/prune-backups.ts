import type { ClientBase } from 'pg';
import type { FileTarget } from '../../files/file-target';
import { chooseKept, keepOf } from './targets/retention';

/** Removes the files of a shop in a target that the rule does not keep: first the file, then its row. */
export async function pruneBackups(
  client: ClientBase,
  target: FileTarget,
  shopId: string,
  keep: string,
): Promise<number> {
  const { rows } = await client.query<{ id: string; file: string; madeAt: Date }>(
    `SELECT id, file, snapshot_at AS "madeAt" FROM public.backups WHERE shop_id = $1 AND target = $2 AND NOT is_archive`,
    [shopId, target.location],
  );
  const { surplus } = chooseKept(rows, keepOf(keep));
  for (const { id, file } of surplus) {
    await target.remove(file);
    await client.query('DELETE FROM public.backups WHERE id = $1', [id]);
  }
  return surplus.length;
}
