import { OperatorError } from '../../common/report';
import type { EngineClient } from '../../database/engine-client';
import { adminOf } from '../../database/installation';
import { withClient } from '../../database/with-client';
import { TenantFiles } from '../../tenancy/tenant-files';
import { TenantLocator } from '../../tenancy/tenant-locator';
import { TenantMigrator } from '../migrator/tenant-migrator';
import { fillTenant } from './copy/fill-tenant';
import type { TableSum, TenantData, TenantHeader } from './copy/tenant-data';
import { changeHold, holdNewTenant, isHeldForUse, migrationsLike } from './held-tenants';
import type { OperationRun } from './operation-kind';
import { removeTenant } from './remove-tenant';

/** Finished steps of an operation that makes a tenant from data. */
export interface LoadCheckpoint {
  /** Held tenant that the data go into. */
  tenantId: string;
  /** Facts of the data, once all of them are in the tenant. */
  loaded: LoadedData;
  /** True once the tenant may have files. */
  hasFiles?: boolean;
  /** Final result, once the tenant is in use: nothing may be undone any more. */
  result: object;
}

/** Facts about data that were loaded. */
export interface LoadedData {
  header: TenantHeader;
  tables: Record<string, TableSum>;
}

/** Opens the data, hands them to the work, and closes them. Called again by a next runner. */
export type OpenData = <T>(work: (data: TenantData) => Promise<T>) => Promise<T>;

/**
 * Makes a held tenant from data: an empty one at the version of the data, then all rows in one transaction, then the
 * migrations that are missing. A runner that dies in between leaves an empty or a whole tenant that the operation knows.
 * @param ofShop shop whose data it is; null for one of another installation
 * @returns the tenant's id
 */
export async function loadTenant(
  run: OperationRun,
  checkpoint: Partial<LoadCheckpoint>,
  open: OpenData,
  ofShop: string | null,
): Promise<{ tenantId: string; loaded: LoadedData }> {
  return withClient(adminOf(run.tools.installation).url, 'copy in', async (client) => {
    const found = await loadRows(client, run, checkpoint, open, ofShop);
    if (found.loaded.header.history.length < run.tools.migrations.list.length) {
      run.report({ step: 'migrate' });
      await migrateHeld(run, found.tenantId);
    }
    return found;
  });
}

async function loadRows(
  client: EngineClient,
  run: OperationRun,
  checkpoint: Partial<LoadCheckpoint>,
  open: OpenData,
  ofShop: string | null,
): Promise<{ tenantId: string; loaded: LoadedData }> {
  const { installation, migrations } = run.tools;
  const { tenantId: known, loaded } = checkpoint;
  const held = known !== undefined && (await isHeldForUse(client, known)) ? known : undefined;
  if (held !== undefined && loaded !== undefined) return { tenantId: held, loaded };
  if (known !== undefined && held === undefined) await dropLoaded(run, checkpoint); // the undo of an earlier attempt began that
  run.report({ step: 'load', done: 0, total: 0 });
  return open(async (data) => {
    const like = migrationsLike(data.header, migrations);
    const tenantId =
      held ??
      (await holdNewTenant(client, run, like, ofShop, (id): Partial<LoadCheckpoint> => ({ tenantId: id })));
    let bytes = 0;
    await client.exec('BEGIN');
    const sums = await fillTenant(
      client,
      new TenantLocator().locate(tenantId),
      installation.roles,
      data,
      (_table, more) => {
        run.signal.throwIfAborted();
        bytes += more;
        run.report({ step: 'load', done: bytes, total: Math.max(data.header.estimatedBytes, bytes + 1) });
      },
    );
    await client.exec('RESET ROLE');
    await changeHold(client, tenantId, 'filled');
    const facts = { header: data.header, tables: Object.fromEntries(sums) };
    await run.save({ tenantId, loaded: facts } satisfies Partial<LoadCheckpoint>, client);
    run.signal.throwIfAborted();
    await client.exec('COMMIT');
    return { tenantId, loaded: facts };
  });
}

/** Brings a held tenant to the version of this program. @throws OperatorError when that fails */
export async function migrateHeld(run: OperationRun, tenantId: string): Promise<void> {
  const { migrations, installation } = run.tools;
  const summary = await new TenantMigrator(migrations, installation).run({
    shopIds: [tenantId],
    signal: run.signal,
  });
  if (summary.outcome === 'done') return;
  run.signal.throwIfAborted();
  const [left] = [...summary.failed, ...summary.failedElsewhere, ...summary.deferred];
  throw new OperatorError(
    `The data could not be migrated: ${left?.message ?? summary.reason ?? summary.outcome}`,
  );
}

/** Removes the tenant of an operation that did not succeed, and then its files, unless it is in use. */
export async function dropLoaded(
  run: OperationRun,
  { tenantId, hasFiles, result }: Partial<LoadCheckpoint>,
): Promise<void> {
  if (tenantId === undefined || result !== undefined) return;
  run.report({ step: 'undo' });
  await removeTenant(run.tools.installation, tenantId, { signal: run.signal });
  if (hasFiles === true) await new TenantFiles(run.tools.env).removeAll({ shopId: tenantId });
}
