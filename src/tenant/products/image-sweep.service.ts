import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { FIRST_ID } from '../../common/ids';
import { TenantJobs } from '../../operations/tenant-jobs/tenant-jobs';
import type { TenantConnection } from '../../tenancy/tenant-connection';
import { ImageFiles } from './image-files';
import { imageName } from './product-images';

const KIND = 'sweep-images';
/** Files of requests that may go on still are left alone. */
const DAY_MS = 86_400_000;
/** Products of one statement: of the largest, 40 MB that the server reads. */
const BATCH = 50;

/** Addresses of stored images by product, from an id on: with the others, `images` has up to a megabyte. */
const SHOWN = `
  SELECT id, ARRAY(SELECT src #>> '{}' FROM jsonb_path_query(images, '$[*].src ? (@ starts with "/")') src) AS sources
  FROM products WHERE id > $1 ORDER BY id LIMIT ${BATCH}`;

/** Removes files that no product shows: of processes that were killed between two steps, of undone imports, of restores. */
@Injectable()
export class ImageSweepService {
  constructor(
    jobs: TenantJobs,
    private readonly files: ImageFiles,
  ) {
    jobs.handle(KIND, {
      payload: z.object({}),
      run: (connection, _payload, signal) => this.sweep(connection, signal),
    });
    jobs.schedule(KIND, { cron: '10 2 * * *', overMinutes: 60 });
  }

  private async sweep(connection: TenantConnection, signal: AbortSignal): Promise<void> {
    const files = this.files.of(connection.access);
    const before = new Date(Date.now() - DAY_MS);
    for await (const leftover of files.leftovers()) if (leftover.startedAt < before) await leftover.remove();
    const unshown = new Set<string>();
    for await (const { name, modifiedAt } of files.list()) if (modifiedAt < before) unshown.add(name);
    for (let after: string | undefined = FIRST_ID; after !== undefined && unshown.size > 0;) {
      signal.throwIfAborted();
      const products: { id: string; sources: string[] }[] = await connection.runOne((manager) =>
        manager.query(SHOWN, [after]),
      );
      for (const src of products.flatMap(({ sources }) => sources)) unshown.delete(imageName(src) ?? '');
      after = products.at(BATCH - 1)?.id;
    }
    if (unshown.size === 0) return;
    if (await this.files.areKept(connection.access)) return; // asked last: a restore may have come in between
    for (const name of unshown) {
      signal.throwIfAborted();
      await files.remove(name);
    }
  }
}
