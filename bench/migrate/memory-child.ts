import { createLogger } from '../../src/common/logger';
import { readEnv } from '../../src/config/env';
import { adminOf, findInstallation } from '../../src/database/installation';
import { withClient } from '../../src/database/with-client';
import { TenantMigrations } from '../../src/tenancy/tenant-migrations';
import { TenantMigrator } from '../../src/operations/migrator/tenant-migrator';
import { countArgument, print, start } from '../lib/command';
import { nextMigration } from './next-migration';

/**
 * Prints by how many MiB a run over the last shops grows this process, in which nothing else has allocated memory. The first
 * shops warm it up. The last ones are selected by `from`, because a run keeps a list of ids in memory.
 */
const SAMPLE_MS = 20;

start(async () => {
  const env = readEnv();
  const installation = await findInstallation(env, createLogger(env.LOG_LEVEL));
  const { list } = await TenantMigrations.load();
  const migrator = new TenantMigrator(new TenantMigrations([...list, await nextMigration()]), installation);
  const from = await firstOf(adminOf(installation).url, countArgument(2, 500));
  await migrator.run({ limit: countArgument(1, 50) });
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let peak = before;
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, SAMPLE_MS);
  const { migrated } = await migrator.run({ from });
  clearInterval(sampling);
  print(JSON.stringify({ migrated, mebibytes: (peak - before) / 2 ** 20 }));
});

/** Id of the first of the last `shops` shops. */
function firstOf(url: string, shops: number): Promise<string> {
  return withClient(url, 'bench', async (client) => {
    const { rows } = await client.query<{ id: string }>(
      'SELECT shop_id AS id FROM tenants ORDER BY shop_id DESC OFFSET $1 LIMIT 1',
      [shops - 1],
    );
    return rows[0]!.id; // there are more shops than these
  });
}
