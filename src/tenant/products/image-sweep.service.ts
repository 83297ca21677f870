import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { TenantJobs } from '../../operations/tenant-jobs/tenant-jobs';
import type { TenantConnection } from '../../tenancy/tenant-connection';
import { ImageFiles } from './image-files';
import { imageName } from './product-images';
import { Product } from './product.entity';

const KIND = 'sweep-images';
/** Files of requests that may go on still are left alone. */
const DAY_MS = 86_400_000;

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
    const old: string[] = [];
    for await (const { name, modifiedAt } of files.list()) if (modifiedAt < before) old.push(name);
    if (old.length === 0) return;
    const shown = await connection.run(async (manager) => {
      const products = await manager.find(Product, { select: { images: true } });
      return new Set(products.flatMap(({ images }) => images.map(({ src }) => imageName(src))));
    });
    if (await this.files.areKept(connection.access)) return; // asked last: a restore may have come in between
    for (const name of old.filter((each) => !shown.has(each))) {
      signal.throwIfAborted();
      await files.remove(name);
    }
  }
}
