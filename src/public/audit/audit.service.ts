import { Injectable } from '@nestjs/common';
import { InvalidCursor } from '../../common/common.errors';
import { isId } from '../../common/ids';
import { type Page, toPage } from '../../http/page';
import { PublicDatabase } from '../../database/control-database';
import type { TenantAccess } from '../../tenancy/tenant';
import { type AuditEntryDto, type ListAuditQuery, toAuditEntryDto } from './audit.dto';
import { AuditEntry } from './audit-entry.entity';

/** Reads the audit log of one shop. The log is in `public`, so every query must have the shop as a condition. */
@Injectable()
export class AuditService {
  constructor(private readonly database: PublicDatabase) {}

  /** Lists entries, newest first. @throws InvalidCursor */
  async list(
    { shopId }: Pick<TenantAccess, 'shopId'>,
    { limit, cursor, action, actorId }: ListAuditQuery,
  ): Promise<Page<AuditEntryDto>> {
    if (cursor !== undefined && !isId(cursor)) throw new InvalidCursor();
    const entries = await this.database.run((manager) => {
      const query = manager
        .createQueryBuilder(AuditEntry, 'e')
        .where('e.shop_id = :shopId', { shopId })
        .orderBy('e.id', 'DESC')
        .limit(limit + 1);
      if (cursor !== undefined) query.andWhere('e.id < :cursor', { cursor });
      if (action !== undefined) query.andWhere('e.action = :action', { action });
      if (actorId !== undefined) query.andWhere('e.actor_id = :actorId', { actorId });
      return query.getMany();
    });
    return toPage(entries, limit, ({ id }) => id, toAuditEntryDto);
  }
}
