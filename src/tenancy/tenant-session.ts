import { Injectable, type Type } from '@nestjs/common';
import { ContextIdFactory, ModuleRef } from '@nestjs/core';
import type { TenantRequest } from './tenant';
import { TenantDirectory } from './tenant-directory';

/** For commands: product services as a request would get them, inside one shop. */
@Injectable()
export class TenantSession {
  constructor(
    private readonly moduleRef: ModuleRef,
    private readonly directory: TenantDirectory,
  ) {}

  /**
   * A new instance of `service` whose TenantConnection is in the shop, as its owner.
   * @param shop slug or id
   * @throws ShopNotFound, ShopSuspended, ShopNotReady
   */
  async resolve<T>(service: Type<T>, shop: string): Promise<T> {
    const request: TenantRequest = { tenant: await this.directory.enterAsOwner(shop) };
    const context = ContextIdFactory.create();
    this.moduleRef.registerRequestByContextId(request, context);
    return this.moduleRef.resolve(service, context, { strict: false });
  }
}
