import { createHash } from 'node:crypto';
import type { EngineClient } from '../../../database/engine-client';
import { newId } from '../../../common/ids';
import { placeOf, readBackupFile } from '../backup-files';
import { TableCounter } from '../copy/tenant-data';
import type { Tools } from '../operation-kind';
import type { FileTarget } from '../../../files/file-target';

/**
 * Reads a file to its end and records it as a backup of the shop that its header names.
 * @throws BackupInvalid, TargetError: the file is not recorded
 */
export async function adoptFile(
  client: EngineClient,
  { env }: Tools,
  target: FileTarget,
  file: string,
): Promise<string> {
  const place = placeOf({ target: target.location, file });
  const { header, rows } = await readBackupFile(place, env, async (data) => {
    const counter = new TableCounter();
    for await (const table of data.tables) for await (const block of table.rows) counter.add(block);
    return { header: data.header, rows: counter.sum().rows };
  });
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of (await target.read(file)) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  const { id, slug } = header.shop;
  await client.query(
    `INSERT INTO public.backups (id, shop_id, shop_slug, target, file, bytes, rows, sha256, version, is_encrypted,
       is_archive, snapshot_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, EXISTS (SELECT FROM public.removed_shops WHERE id = $2), $11)
     ON CONFLICT (target, file) DO NOTHING`,
    [
      newId(),
      id,
      slug,
      target.location,
      file,
      bytes,
      rows,
      hash.digest('hex'),
      header.history.at(-1)?.version ?? 0,
      file.endsWith('.age'),
      header.snapshotAt,
    ],
  );
  return `it is recorded: ${slug} as of ${header.snapshotAt}, ${rows} rows`;
}
