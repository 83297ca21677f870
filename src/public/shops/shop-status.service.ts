import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { PublicDatabase } from '../../database/control-database';
import { type Actor, recordAudit } from '../../tenancy/audit-log';
import { lockNamedShop } from './named-shop';
import type { ShopStatus } from '../../tenancy/tenant';
import { Shop } from './shop.entity';
import { ShopDeleted } from './shops.errors';

/** Status of a shop that has members. */
export type OpenStatus = Exclude<ShopStatus, 'deleted'>;

export interface StatusChange {
  id: string;
  slug: string;
  status: ShopStatus;
  /** False if the shop had the status before. */
  hasChanged: boolean;
}

const ACTIONS = { active: 'shop.resumed', read_only: 'shop.read_only', suspended: 'shop.suspended' } as const;

/** Changes the status of shops, for operators. All processes apply it within 5 s; each change is in the shop's audit log. */
@Injectable()
export class ShopStatusService {
  constructor(private readonly database: PublicDatabase) {}

  /**
   * Opens a shop, lets it be read only, or closes it to its members.
   * @param shop slug or id
   * @throws ShopNotFound, ShopDeleted
   */
  update(shop: string, status: OpenStatus, actor: Actor): Promise<StatusChange> {
    return this.change(shop, async (manager, found) => {
      if (found.status === 'deleted')
        throw new ShopDeleted({ detail: `The shop ${found.slug} is deleted; undelete it first.` });
      if (found.status === status) return status;
      await manager.update(Shop, { id: found.id }, { status });
      await recordAudit(manager, { ...actor, action: ACTIONS[status], shopId: found.id });
      return status;
    });
  }

  /**
   * Deletes a shop for its members. Its rows, its data and its slug stay.
   * @param shop slug or id
   * @throws ShopNotFound
   */
  remove(shop: string, actor: Actor): Promise<StatusChange> {
    return this.database.transaction((manager) => this.removeInside(manager, shop, actor));
  }

  /** As `remove`, in the caller's transaction. @throws ShopNotFound */
  removeInside(transaction: EntityManager, shop: string, actor: Actor): Promise<StatusChange> {
    return changeStatus(transaction, shop, async (manager, { id: shopId, status: from }) => {
      if (from === 'deleted') return from;
      await manager.update(Shop, { id: shopId }, { status: 'deleted', deletedAt: () => 'now()' });
      const details = { ...actor.details, from };
      await recordAudit(manager, { ...actor, action: 'shop.deleted', shopId, details });
      return 'deleted';
    });
  }

  /**
   * Gives a deleted shop back to its members, with the status that it had before.
   * @param shop slug or id
   * @throws ShopNotFound
   */
  undelete(shop: string, actor: Actor): Promise<StatusChange> {
    return this.change(shop, async (manager, { id: shopId, status }) => {
      if (status !== 'deleted') return status;
      const before = await statusBefore(manager, shopId);
      await manager.update(Shop, { id: shopId }, { status: before, deletedAt: null });
      await recordAudit(manager, { ...actor, action: 'shop.undeleted', shopId });
      return before;
    });
  }

  private change(shop: string, change: Change): Promise<StatusChange> {
    return this.database.transaction((manager) => changeStatus(manager, shop, change));
  }
}

/** Returns the shop's new status. */
type Change = (manager: EntityManager, found: Shop) => Promise<ShopStatus>;

async function changeStatus(manager: EntityManager, shop: string, change: Change): Promise<StatusChange> {
  const found = await lockNamedShop(manager, shop);
  const status = await change(manager, found);
  const { id, slug } = found;
  return { id, slug, status, hasChanged: status !== found.status };
}

/** Status at the deletion, which the audit log has kept; closed if it has no entry. */
async function statusBefore(manager: EntityManager, shopId: string): Promise<OpenStatus> {
  const [deletion] = await manager.query<{ status: OpenStatus }[]>(
    `SELECT details->>'from' AS status FROM audit_log
     WHERE shop_id = $1 AND action = 'shop.deleted' ORDER BY id DESC LIMIT 1`,
    [shopId],
  );
  return deletion?.status ?? 'suspended';
}
