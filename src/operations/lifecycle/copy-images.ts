import { severalAtOnce } from '../../common/several-at-once';
import { adminOf } from '../../database/installation';
import { withClient } from '../../database/with-client';
import { actAsOwner } from '../../tenancy/provision-sql';
import { FileExists, FileNotFound } from '../../tenancy/tenancy.errors';
import { type ShopFiles, TenantFiles } from '../../tenancy/tenant-files';
import { TenantLocator } from '../../tenancy/tenant-locator';
import type { OperationRun } from './operation-kind';

const AT_ONCE = 8;

/** Name of the file in the address of an image that the shop stores. */
const STORED = '^/api/v1/products/[^/]+/images/([^/]+)$';

/** Images that the products of a copied shop show and that the shop stores itself. */
export interface CopiedImages {
  /** Those that have a file. */
  images: number;
  /** Those without one: it was removed since the time of the data, or belongs to another installation. */
  missingImages: number;
}

/**
 * Copies the files of the images that a loaded tenant's products show, from the folder of one shop to that of another. Of a file
 * that nobody shows nothing is copied, so a backup file that names a foreign shop brings none of its images. Safe to repeat:
 * files that are there are left, and a file appears when it is whole.
 * @param tenantId loaded tenant, of whose products the images are
 * @param begin called before the first file is written
 * @throws FilesUnavailable, StorageFull
 */
export async function copyImages(
  run: OperationRun,
  tenantId: string,
  { from, to }: { from: string; to: string },
  begin: () => Promise<void>,
): Promise<CopiedImages> {
  const shown = await imagesOf(run, tenantId);
  if (shown.size === 0) return { images: 0, missingImages: 0 };
  const all = new TenantFiles(run.tools.env);
  const [source, copy] = [all.of({ shopId: from }, 'images'), all.of({ shopId: to }, 'images')];
  const present = await sizesOf(copy, shown);
  const wanted = [...(await sizesOf(source, shown))].filter(([name]) => !present.has(name));
  let images = present.size;
  if (wanted.length > 0) await begin();
  const total = images + wanted.length;
  run.report({ step: 'images', done: images, total });
  await severalAtOnce(wanted, AT_ONCE, async ([name, bytes]) => {
    run.signal.throwIfAborted();
    if (await copyFile(source, copy, name, bytes)) run.report({ step: 'images', done: ++images, total });
  });
  return { images, missingImages: shown.size - images };
}

/** @returns false for a file that was removed meanwhile */
async function copyFile(from: ShopFiles, to: ShopFiles, name: string, bytes: number): Promise<boolean> {
  try {
    await to.write(name, await from.read(name), bytes);
  } catch (error) {
    if (error instanceof FileNotFound) return false;
    if (!(error instanceof FileExists)) throw error; // by a runner that lost its lease and has not noticed yet
  }
  return true;
}

/** Names of the stored images that the products of a tenant show. The owner of the tables reads them: nobody serves it yet. */
function imagesOf({ tools: { installation } }: OperationRun, tenantId: string): Promise<Set<string>> {
  const { schema } = new TenantLocator().locate(tenantId);
  return withClient(adminOf(installation).url, 'images', async (client) => {
    await client.exec(
      `BEGIN READ ONLY; SET LOCAL statement_timeout = 0; ${actAsOwner(schema, installation.roles.owner)}`,
    );
    const { rows } = await client.query<{ name: string }>(
      `SELECT DISTINCT substring(src #>> '{}' FROM $1) AS name
       FROM products, jsonb_path_query(images, '$[*].src') src WHERE src #>> '{}' ~ $1`,
      [STORED],
    );
    await client.exec('COMMIT');
    return new Set(rows.map(({ name }) => name));
  });
}

/** Sizes of those of these files that there are. */
async function sizesOf(files: ShopFiles, names: ReadonlySet<string>): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for await (const { name, bytes } of files.list()) if (names.has(name)) sizes.set(name, bytes);
  return sizes;
}
