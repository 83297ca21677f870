import type { EngineClient } from '../../../database/engine-client';
import { describeError } from '../../faults';
import { IS_ABANDONED } from '../../open-operations';
import type { Tools } from '../operation-kind';
import type { StoredFile, FileTarget, Leftover } from '../../../files/file-target';
import { configuredTarget, openTarget } from '../../../files/open-target';
import { adoptFile } from './adopt-file';
import type { Orphan } from './orphan';

/** Names of backup files, with those of earlier commits, which had no operation: other files in the folder are not ours. */
const BACKUP = /\.(?:\d{8}T\d{6}\.\d{3}Z(?:\.[0-9a-f]{8})?|final\.[0-9a-f-]{36})\.tar\.gz(?:\.age)?$/;
const EXPORT = /^export\..+\.\d{8}T\d{6}\.\d{3}Z\.zip$/;
/** End of the name of a file that is being written in a folder; in a bucket it has no other name. */
const PART = /\.[0-9a-f]{12}\.partial$/;

interface BackupRow {
  id: string;
  target: string;
  file: string;
  slug: string;
  /** A backup of a shop that was removed for good, other than its last one. */
  isSurplus: boolean;
}

interface Place {
  target: FileTarget;
  files: StoredFile[];
  leftovers: Leftover[];
}

/**
 * Compares `public.backups` with the files, in the configured place and in those that rows name. What may belong to an
 * operation that is running is left out.
 */
export async function findOrphanFiles(client: EngineClient, tools: Tools): Promise<Orphan[]> {
  const { rows } = await client.query<{ since: Date }>(
    `SELECT least(now(), min(started_at)) AS since FROM public.operations WHERE state = 'running' AND NOT ${IS_ABANDONED}`,
  );
  const { since } = rows[0]!; // an aggregate, so one row
  const before = await readRows(client);
  const configured = (await openTarget(configuredTarget(tools.env), tools.env)).location;
  const orphans: Orphan[] = [];
  for (const location of new Set([configured, ...before.map(({ target }) => target)])) {
    try {
      const place = await look(await openTarget(location, tools.env));
      const after = (await readRows(client)).filter(({ target }) => target === location);
      orphans.push(...findLostFiles(client, place, before, after), ...findSurplus(client, place, after));
      orphans.push(...findUnknownFiles(client, tools, place, after, since), ...findPartial(place, since));
    } catch (error) {
      const { message } = describeError(error);
      const advice = 'make it readable or correct BACKUP_TARGET; if it exists no more: --forget-place';
      orphans.push({
        check: 'target-unreadable',
        shop: null,
        object: location,
        detail: message,
        advice,
        fix: null,
      });
    }
  }
  return orphans;
}

async function readRows(client: EngineClient): Promise<BackupRow[]> {
  const { rows } = await client.query<BackupRow>(
    `SELECT b.id, target, file, shop_slug AS slug, NOT is_archive AND r.id IS NOT NULL AND NOT EXISTS (
         SELECT FROM public.operations o WHERE o.id = r.operation_id AND o.state IN ('queued', 'running')) AS "isSurplus"
     FROM public.backups b LEFT JOIN public.removed_shops r ON r.id = b.shop_id ORDER BY target, file`,
  );
  return rows;
}

async function look(target: FileTarget): Promise<Place> {
  const place: Place = { target, files: [], leftovers: [] };
  for await (const file of target.list()) place.files.push(file);
  for await (const leftover of target.leftovers()) place.leftovers.push(leftover);
  return place;
}

/** If not one file is there, the place is more likely not mounted than empty: nothing is fixed. */
function findLostFiles(
  client: EngineClient,
  { target, files }: Place,
  before: readonly BackupRow[],
  after: readonly BackupRow[],
): Orphan[] {
  const old = new Set(before.map(({ id }) => id));
  const names = new Set(files.map(({ name }) => name));
  const lost = after.filter(({ id, file }) => old.has(id) && !names.has(file));
  const isMounted = after.length > lost.length;
  return lost.map((row) => ({
    check: 'backup-without-file',
    shop: row.slug,
    object: row.file,
    detail: `public.backups has it, ${target.location} does not`,
    advice: isMounted
      ? 'delete its row'
      : 'see whether the place is mounted: it has none of the recorded files',
    fix: isMounted
      ? async () => {
          await deleteRow(client, row);
          return 'its row is deleted';
        }
      : null,
  }));
}

/** Backups that a purge could not remove. */
function findSurplus(client: EngineClient, { target, files }: Place, rows: readonly BackupRow[]): Orphan[] {
  const names = new Set(files.map(({ name }) => name));
  return rows
    .filter(({ isSurplus, file }) => isSurplus && names.has(file))
    .map((row) => ({
      check: 'backup-of-removed-shop',
      shop: row.slug,
      object: row.file,
      detail: 'the shop was removed for good, and this is not its last backup',
      advice: 'remove the file and its row',
      fix: async () => {
        await target.remove(row.file);
        await deleteRow(client, row);
        return 'file and row are removed';
      },
    }));
}

function findUnknownFiles(
  client: EngineClient,
  tools: Tools,
  { target, files }: Place,
  rows: readonly BackupRow[],
  since: Date,
): Orphan[] {
  const known = new Set(rows.map(({ file }) => file));
  return files
    .filter(({ name, modifiedAt }) => BACKUP.test(name) && !known.has(name) && modifiedAt < since)
    .map(({ name }) => ({
      check: 'file-without-backup',
      shop: null,
      object: name,
      detail: `${target.location} has it, public.backups does not`,
      advice: 'read it to its end and record it',
      fix: () => adoptFile(client, tools, target, name),
    }));
}

function findPartial({ target, leftovers }: Place, since: Date): Orphan[] {
  return leftovers
    .filter(({ name, startedAt }) => isOurs(name.replace(PART, '')) && startedAt < since)
    .map((leftover) => ({
      check: 'partial-file',
      shop: null,
      object: leftover.name,
      detail: `an operation that is over began to write it in ${target.location}`,
      advice: 'remove it',
      fix: async () => {
        await leftover.remove();
        return 'it is removed';
      },
    }));
}

const isOurs = (name: string) => BACKUP.test(name) || EXPORT.test(name);

async function deleteRow(client: EngineClient, { id }: BackupRow): Promise<void> {
  await client.query('DELETE FROM public.backups WHERE id = $1', [id]);
}
