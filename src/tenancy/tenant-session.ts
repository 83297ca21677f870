import { Injectable, type Type } from '@nestjs/common';
import { ContextIdFactory, ModuleRef } from '@nestjs/core';
import { PublicDatabase } from '../database/control-database';
import { recordAudit } from './audit-log';
import type { TenantRequest } from './tenant';
import { AccessDirectory } from './access-directory';

/** For commands: product services as a request would get them, inside one shop. */
@Injectable()
export class TenantSession {
  constructor(
    private readonly moduleRef: ModuleRef,
    private readonly directory: AccessDirectory,
    private readonly database: PublicDatabase,
  ) {}

  /**
   * A new instance of `service` whose TenantConnection is in the shop, as its owner. The shop's owners can read
   * in their audit log that somebody from support entered, whatever comes of it: the entry is committed before
   * the service is handed out, and without it nobody gets in.
   * @param shop slug or id
   * @throws ShopNotFound, ShopSuspended, ShopNotReady
   */
  async resolve<T>(service: Type<T>, shop: string): Promise<T> {
    const tenant = await this.directory.enterAsOwner(shop);
    await this.database.transaction((manager) =>
      recordAudit(manager, {
        action: 'support.entered',
        actorId: null,
        shopId: tenant.shopId,
        requestId: null,
        details: { service: service.name },
      }),
    );
    const request: TenantRequest = { tenant };
    const context = ContextIdFactory.create();
    this.moduleRef.registerRequestByContextId(request, context);
    return this.moduleRef.resolve(service, context, { strict: false });
  }
}
