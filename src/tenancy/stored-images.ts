import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type Times, TIMES } from '../config/times';
import { TenantFiles } from './tenant-files';
import type { TenantAccess } from './tenant';

const MEASURED_MS = 60_000;
const CACHE_ENTRIES = 10_000;
/** A smaller file counts as much: ext4 has one inode for each 16 KiB unless it is told otherwise, and each file takes one. */
const LEAST_BYTES = 16_384;

/** Size of the images of a shop. A caller adds what it stores. */
export interface StoredSize {
  bytes: number;
}

/**
 * Knows the size of the images that shops store, by a listing of the shop's place at most once a minute, and by what this
 * process has added since. What other processes have added or removed, and what this one has removed, shows a minute later.
 */
@Injectable()
export class StoredImages {
  private readonly sizes: LRUCache<string, StoredSize>;

  constructor(
    private readonly files: TenantFiles,
    @Inject(TIMES) { usageCacheMs = MEASURED_MS }: Times,
  ) {
    this.sizes = new LRUCache<string, StoredSize>({
      ...{ max: CACHE_ENTRIES, ttl: usageCacheMs },
      fetchMethod: (shopId) => this.measure(shopId),
    });
  }

  /** @throws FilesUnavailable */
  async sizeOf({ shopId }: Pick<TenantAccess, 'shopId'>): Promise<StoredSize> {
    return (await this.sizes.fetch(shopId)) ?? this.measure(shopId); // the cache gives up what it may forget
  }

  private async measure(shopId: string): Promise<StoredSize> {
    let bytes = 0;
    for await (const file of this.files.of({ shopId }, 'images').list()) bytes += countedSize(file.bytes);
    return { bytes };
  }
}

/** Size of a file as it counts. */
export function countedSize(bytes: number): number {
  return Math.max(bytes, LEAST_BYTES);
}
