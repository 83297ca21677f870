import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '../../common/logger';
import { KeptData } from '../../tenancy/kept-data';
import { type ShopFiles, TenantFiles } from '../../tenancy/tenant-files';
import type { TenantAccess } from '../../tenancy/tenant';

/** Files of the images of one shop. Each has a new name: none is ever changed. */
@Injectable()
export class ImageFiles {
  constructor(
    private readonly files: TenantFiles,
    private readonly kept: KeptData,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  of(access: Pick<TenantAccess, 'shopId'>): ShopFiles {
    return this.files.of(access, 'images');
  }

  /** True while data beside those that the shop serves may show files that its products do not. */
  areKept(access: Pick<TenantAccess, 'shopId'>): Promise<boolean> {
    return this.kept.existsFor(access);
  }

  /** Removes files that no product shows any more. What is kept, or cannot be removed, is left to the sweep. */
  async drop(access: Pick<TenantAccess, 'shopId'>, names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    await this.attempt(access, async () => {
      if (await this.areKept(access)) return;
      for (const name of names) await this.discard(access, name);
    });
  }

  /** Removes a file that no product has ever shown. */
  discard(access: Pick<TenantAccess, 'shopId'>, name: string): Promise<void> {
    return this.attempt(access, () => this.of(access).remove(name), name);
  }

  private async attempt(
    { shopId }: Pick<TenantAccess, 'shopId'>,
    work: () => Promise<void>,
    name?: string,
  ): Promise<void> {
    try {
      await work();
    } catch (err) {
      this.logger.warn({ event: 'image.not_removed', shopId, name, err });
    }
  }
}
