import { Injectable, type Type } from '@nestjs/common';
import { ContextIdFactory, ModuleRef } from '@nestjs/core';
import { PublicDatabase } from '../database/control-database';
import { recordAudit } from './audit-log';
import type { TenantRequest } from './tenant';
import { AccessDirectory } from './access-directory';

/** Gives commands the product services of one shop, as a request would get them. */
@Injectable()
export class TenantSession {
  constructor(
    private readonly moduleRef: ModuleRef,
    private readonly directory: AccessDirectory,
    private readonly database: PublicDatabase,
  ) {}

  /**
   * Creates an instance of `service` whose TenantConnection is in the shop, as its owner. The shop's audit log gets an
   * entry `support.entered`, committed before the service is returned: if it cannot be written, nobody enters.
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
    const request: TenantRequest = { tenant: { ...tenant, isCommand: true } };
    const context = ContextIdFactory.create();
    this.moduleRef.registerRequestByContextId(request, context);
    return this.moduleRef.resolve(service, context, { strict: false });
  }
}
