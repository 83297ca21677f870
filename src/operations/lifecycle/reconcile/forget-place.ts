import { OptionInvalid } from '../../../common/common.errors';
import { adminOf } from '../../../database/installation';
import { withClient } from '../../../database/with-client';
import type { Tools } from '../operation-kind';
import type { FileTarget } from '../../../files/file-target';
import { configuredTarget, openTarget } from '../../../files/open-target';
import { TargetError } from '../../../files/targets.errors';

/**
 * Deletes the records of all backups in a place that exists no more; no file is touched.
 * @returns number of records
 * @throws OptionInvalid for the configured place, for one without records, and for one that has a recorded file
 */
export async function forgetPlace({ installation, env }: Tools, place: string): Promise<number> {
  const target = await openTarget(place, env);
  const { location } = target;
  if (location === (await openTarget(configuredTarget(env), env)).location)
    throw new OptionInvalid({ detail: `${location} is BACKUP_TARGET: set that to another place first.` });
  return withClient(adminOf(installation).url, 'forget place', async (client) => {
    const { rows } = await client.query<{ file: string }>(
      'SELECT file FROM public.backups WHERE target = $1',
      [location],
    );
    if (rows.length === 0)
      throw new OptionInvalid({ detail: `public.backups has no backup in ${location}.` });
    if (await hasSome(target, new Set(rows.map(({ file }) => file))))
      throw new OptionInvalid({ detail: `${location} has files that public.backups names: it is in use.` });
    await client.query('DELETE FROM public.backups WHERE target = $1', [location]);
    return rows.length;
  });
}

async function hasSome(target: FileTarget, names: ReadonlySet<string>): Promise<boolean> {
  try {
    for await (const { name } of target.list()) if (names.has(name)) return true;
    return false;
  } catch (error) {
    if (error instanceof TargetError) return false; // nobody can read it
    throw error;
  }
}
