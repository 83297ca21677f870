import path from 'node:path';
import { z } from 'zod';
import { adminOf } from '../../../database/installation';
import { withClient } from '../../../database/with-client';
import { readBackupFile } from '../backup-files';
import type { TenantHeader } from '../copy/tenant-data';
import { type CopiedImages, copyImages } from '../copy-images';
import { forgetCached } from '../forget-cached';
import { RestoreOtherShop, RestoreTableUnknown } from '../lifecycle.errors';
import { dropLoaded, type LoadCheckpoint, type LoadedData, loadTenant } from '../load-tenant';
import { assertNewSlug } from '../new-slug';
import { recordOperationAudit } from '../operation-audit';
import type { OperationKind, OperationRun } from '../operation-kind';
import { publishShop } from '../publish-shop';
import { removeTenant } from '../remove-tenant';
import { replaceTables } from '../replace-tables';
import { assertShop } from '../shops-named';
import { swapTenants } from '../swap-tenants';

const input = z.object({
  /** Path, `s3://bucket/prefix/name`, or a name in the configured target. */
  file: z.string(),
  /** Slug of the new shop; null with `over`. By default that of the backup. */
  as: z.string().nullable(),
  /** Shop whose data are replaced; null for a new shop. */
  over: z.uuid().nullable(),
  /** With `over`: only these tables. */
  tables: z.array(z.string()).nullable(),
  /** With `over`: the backup may be of another shop. */
  isOther: z.boolean().default(false),
});
type Input = z.infer<typeof input>;

interface Checkpoint extends LoadCheckpoint {
  /** True when nothing is left in the held tenant that anybody needs. */
  isSpent?: boolean;
}

/**
 * Restores a backup file: as a new shop, over an existing one, or some tables of it. The data are loaded into a held tenant
 * and verified first; what is served changes in one short transaction at the end.
 */
export const restoreKind: OperationKind<Input, Checkpoint> = {
  name: 'restore',
  input,
  async run(run, wanted, checkpoint) {
    if (checkpoint.result !== undefined) return finish(run, wanted, checkpoint);
    const { over: shop } = wanted;
    if (shop !== null)
      await withClient(adminOf(run.tools.installation).url, 'restore', (client) => assertShop(client, shop));
    const { tenantId, loaded } = await loadTenant(
      run,
      checkpoint,
      (work) =>
        readBackupFile(wanted.file, run.tools.env, async (data) => {
          await assertFits(run, wanted, data.header);
          return work(data);
        }),
      wanted.over,
    );
    const copied = await copyForeignImages(run, wanted, tenantId, loaded);
    run.report({ step: 'publish' });
    let isSpent = false;
    const done = await withClient(adminOf(run.tools.installation).url, 'restore', async (client) => {
      if (wanted.over === null) {
        const { shop, members } = loaded.header;
        let result: object = {};
        await publishShop(
          client,
          run,
          tenantId,
          { ...shop, slug: wanted.as ?? shop.slug, members },
          'shop.restored',
          async (published) => {
            result = { ...published, ...summaryOf(loaded), ...copied };
            await run.save({ tenantId, loaded, result } satisfies LoadCheckpoint, client);
          },
          originOf(wanted, loaded),
        );
        return result;
      }
      const { over } = wanted;
      const result = { id: over, ...summaryOf(loaded, wanted.tables), ...copied, tables: wanted.tables };
      const save = async (isKept: boolean) => {
        isSpent = !isKept;
        const details = {
          ...originOf(wanted, loaded),
          ...(wanted.tables !== null && { tables: wanted.tables.join(', ') }),
        };
        await recordOperationAudit(client, run.operation, 'shop.restored', over, details);
        await run.save({ tenantId, loaded, result, isSpent } satisfies Checkpoint, client);
      };
      const { roles } = run.tools.installation;
      if (wanted.tables === null) {
        const waitedMs = await swapTenants(client, roles, over, tenantId, save, run.signal);
        return { ...result, waitedMs };
      }
      await replaceTables(client, roles, over, tenantId, wanted.tables, () => save(false), run.signal);
      return result;
    });
    return finish(run, wanted, { tenantId, result: done, isSpent });
  },
  undo: (run, _wanted, checkpoint) => dropLoaded(run, checkpoint),
};

/** Looks at the header, before a row is loaded. @throws SlugTaken, RestoreOtherShop, RestoreTableUnknown */
async function assertFits(
  { operation, tools }: OperationRun,
  { as, over, tables, isOther }: Input,
  { shop, tables: known }: TenantHeader,
): Promise<void> {
  if (over === null)
    return withClient(adminOf(tools.installation).url, 'restore', (client) =>
      assertNewSlug(client, as ?? shop.slug),
    );
  if (shop.id !== over && !isOther)
    throw new RestoreOtherShop({
      detail: `The backup is of ${shop.slug} (${shop.id}), not of ${operation.shopSlug ?? 'the shop'} (${over}).`,
    });
  const names = known.map(({ name }) => name);
  const unknown = (tables ?? []).filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new RestoreTableUnknown({
      detail: `The backup has no table ${unknown.join(', ')}; it has ${names.toSorted().join(', ')}.`,
    });
}

/**
 * Copies the images of the shop that the file is of, into the folder of another shop; one that is restored over itself has them.
 * A failed restore over a shop can leave files that its products do not show: its nightly sweep removes them.
 */
async function copyForeignImages(
  run: OperationRun,
  { over, tables }: Input,
  tenantId: string,
  loaded: LoadedData,
): Promise<Partial<CopiedImages>> {
  const from = loaded.header.shop.id;
  if (from === over || tables?.includes('products') === false) return {};
  return copyImages(run, tenantId, { from, to: over ?? tenantId }, async () => {
    if (over === null) await run.save({ tenantId, loaded, hasFiles: true } satisfies Partial<Checkpoint>);
  });
}

/** Ends cached values, and removes the held tenant if its rows were copied out of it, or the shop had nothing to exchange for it. */
async function finish(
  run: OperationRun,
  { over }: Input,
  { tenantId, result, isSpent }: Partial<Checkpoint>,
): Promise<object> {
  if (over !== null) await forgetCached(run.tools, over);
  if (isSpent === true && tenantId !== undefined) {
    run.report({ step: 'clean' });
    await removeTenant(run.tools.installation, tenantId, { signal: run.signal });
  }
  return result ?? {};
}

/** Says in the audit log what the data come from: the name of the file, without its place, and the time of the data. */
function originOf({ file }: Input, { header }: LoadedData): { file: string; dataOf: string } {
  return { file: path.posix.basename(file), dataOf: header.snapshotAt };
}

/** @param some tables that were restored; null for all */
function summaryOf(
  { header, tables }: LoadedData,
  some: string[] | null = null,
): { snapshotAt: string; rows: number } {
  const counted = Object.entries(tables).filter(([name]) => some === null || some.includes(name));
  return { snapshotAt: header.snapshotAt, rows: counted.reduce((sum, [, { rows }]) => sum + rows, 0) };
}
