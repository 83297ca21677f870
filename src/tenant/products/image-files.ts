import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '../../common/logger';
import { type ShopFiles, TenantFiles } from '../../tenancy/tenant-files';
import type { TenantAccess } from '../../tenancy/tenant';

/** Files of the images of one shop. Each has a new name: none is ever changed. */
@Injectable()
export class ImageFiles {
  constructor(
    private readonly files: TenantFiles,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  of(access: Pick<TenantAccess, 'shopId'>): ShopFiles {
    return this.files.of(access, 'images');
  }

  /** Removes files that no product shows any more. One that cannot be removed is left to the sweep. */
  async drop(access: Pick<TenantAccess, 'shopId'>, names: readonly string[]): Promise<void> {
    for (const name of names)
      try {
        await this.of(access).remove(name);
      } catch (err) {
        this.logger.warn({ event: 'image.not_removed', shopId: access.shopId, name, err });
      }
  }
}
