import type { ClientBase } from 'pg';
import { type FileTarget, isFileName } from '../../files/file-target';

/**
 * Removes files of a backup whose writer ended before they had a row: parts of files, and whole ones. Nobody may write them
 * any more.
 * @param files names that the writer had begun
 */
export async function removeUnrecorded(
  client: ClientBase,
  target: FileTarget,
  files: readonly string[],
): Promise<void> {
  if (files.length === 0) return;
  const { rows } = await client.query<{ file: string }>(
    'SELECT file FROM public.backups WHERE target = $1 AND file = ANY ($2)',
    [target.location, files],
  );
  const recorded = new Set(rows.map(({ file }) => file));
  // No target has begun a file with a name that it refuses.
  const lost = files.filter((file) => isFileName(file) && !recorded.has(file));
  if (lost.length === 0) return;
  await removeParts(target, lost);
  for (const file of lost) await target.remove(file);
}

/** Removes what killed writers of these files have left, and no whole file. */
export async function removeParts(target: FileTarget, files: readonly string[]): Promise<void> {
  for await (const leftover of target.leftovers())
    if (files.some((file) => leftover.name === file || leftover.name.startsWith(`${file}.`)))
      await leftover.remove();
}
