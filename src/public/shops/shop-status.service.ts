import { Injectable } from '@nestjs/common';
import { PublicDatabase } from '../../database/control-database';
import { recordAudit } from '../../tenancy/audit-log';
import { lockNamedShop } from './named-shop';
import { Shop } from './shop.entity';
import type { ShopStatus } from '../../tenancy/tenant';

const ACTIONS = { suspended: 'shop.suspended', active: 'shop.resumed' } as const;

/** Suspends and resumes shops, for operators; there is no HTTP route for this. All instances apply the change within 5 s. */
@Injectable()
export class ShopStatusService {
  constructor(private readonly database: PublicDatabase) {}

  /**
   * Sets the status of a shop, unless it already has that status.
   * @param shop slug or id
   * @returns the shop's slug, and whether the status changed
   * @throws ShopNotFound
   */
  update(shop: string, status: ShopStatus): Promise<{ slug: string; hasChanged: boolean }> {
    return this.database.transaction(async (manager) => {
      const found = await lockNamedShop(manager, shop);
      const { id: shopId, slug } = found;
      if (found.status === status) return { slug, hasChanged: false };
      await manager.update(Shop, { id: shopId }, { status });
      await recordAudit(manager, {
        action: ACTIONS[status],
        actorId: null,
        shopId,
        requestId: null,
        details: { by: 'command' },
      });
      return { slug, hasChanged: true };
    });
  }
}
