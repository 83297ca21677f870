import { Injectable } from '@nestjs/common';
import { PublicDatabase } from '../../database/control-database';
import type { Page } from '../../http/page';
import type { AuditEntryDto, ListAuditQuery } from '../../public/audit/audit.dto';
import { AuditService } from '../../public/audit/audit.service';
import {
  type OpenStatus,
  ShopStatusService,
  type StatusChange,
} from '../../public/shops/shop-status.service';
import { actorOf, type Operator } from '../../tenancy/operator';
import { type ConfirmDto, confirmShop, findNamedShop } from './shop-name';

/** Status and audit log of any shop. Changes are in the shop's audit log with the operator's id. */
@Injectable()
export class ShopsService {
  constructor(
    private readonly database: PublicDatabase,
    private readonly statuses: ShopStatusService,
    private readonly audit: AuditService,
  ) {}

  /** @throws ShopNotFound, ShopDeleted */
  setStatus(by: Operator, shop: string, status: OpenStatus): Promise<StatusChange> {
    return this.statuses.update(shop, status, actorOf(by));
  }

  /** @throws ShopNotFound, ConfirmationWrong */
  async remove(by: Operator, shop: string, confirmation: ConfirmDto): Promise<StatusChange> {
    const { id } = await confirmShop(this.database, shop, confirmation);
    return this.statuses.remove(id, actorOf(by));
  }

  /** @throws ShopNotFound */
  undelete(by: Operator, shop: string): Promise<StatusChange> {
    return this.statuses.undelete(shop, actorOf(by));
  }

  /** The log that the shop's owners read. @throws ShopNotFound, InvalidCursor */
  async listAudit(shop: string, query: ListAuditQuery): Promise<Page<AuditEntryDto>> {
    const { id: shopId } = await findNamedShop(this.database, shop);
    return this.audit.list({ shopId }, query);
  }
}
