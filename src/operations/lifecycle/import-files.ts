import { adminOf } from '../../database/installation';
import { withClient } from '../../database/with-client';
import { TenantFiles } from '../../tenancy/tenant-files';
import type { Tools } from './operation-kind';

const DAY_MS = 86_400_000;

/** Name of the file of an import that a worker does, among the imports of its shop. */
export function importFile(operationId: string): string {
  return `${operationId}.csv`;
}

/**
 * Removes the files of imports that a killed process has left: those that are a day old and belong to no open operation. Those of failed
 * ones, which can be retried, stay for a week after the failure.
 */
export async function pruneImports({ installation, env }: Tools, signal: AbortSignal): Promise<void> {
  const files = new TenantFiles(env);
  const end = new Date(Date.now() - DAY_MS);
  await withClient(adminOf(installation).url, 'imports', async (client) => {
    for await (const shopId of files.shops()) {
      signal.throwIfAborted();
      const imports = files.of({ shopId }, 'imports');
      const { rows } = await client.query<{ id: string }>(
        `SELECT id FROM public.operations WHERE shop_id = $1
           AND (state IN ('queued', 'running') OR state = 'failed' AND finished_at > now() - interval '7 days')`,
        [shopId],
      );
      const kept = new Set(rows.map(({ id }) => importFile(id)));
      for await (const { name, modifiedAt } of imports.list())
        if (modifiedAt < end && !kept.has(name)) await imports.remove(name);
      for await (const leftover of imports.leftovers()) if (leftover.startedAt < end) await leftover.remove();
    }
  });
}
