import { Injectable } from '@nestjs/common';
import type { Caller } from '../../http/caller.decorator';
import type { Precondition } from '../../http/precondition';
import { assertUnchanged } from '../../http/read-only';
import { withoutUndefined } from '../../common/without-undefined';
import { PublicDatabase } from '../../database/control-database';
import { recordAudit } from '../../tenancy/audit-log';
import { requireRole } from '../../tenancy/member-role';
import type { MemberRole, TenantAccess } from '../../tenancy/tenant';
import { getMembership, lockShop } from '../shops/memberships';
import { Shop } from '../shops/shop.entity';
import type { SettingsDto, UpdateSettingsDto } from './settings.dto';
import { SHOP_SETTINGS } from './shop-settings';

/** Settings of a shop: its name, its currency, and all that is in the column `settings` of its row. */
@Injectable()
export class SettingsService {
  constructor(private readonly database: PublicDatabase) {}

  async get({ userId, shopId }: TenantAccess): Promise<SettingsDto> {
    return toSettingsDto((await this.database.run((manager) => getMembership(manager, userId, shopId))).shop);
  }

  /** Changes the settings that are named; the others stay. */
  update(
    { userId, shopId }: TenantAccess,
    needed: MemberRole,
    { name, currency, id, updatedAt, ...settings }: UpdateSettingsDto,
    ifMatch: Precondition,
    { requestId }: Caller,
  ): Promise<SettingsDto> {
    return this.database.transaction(async (manager) => {
      const own = await lockShop(manager, { userId, shopId, needed });
      requireRole(own.role, needed);
      const before = toSettingsDto(own.shop);
      await ifMatch.check(() => Promise.resolve(before));
      assertUnchanged(before, withoutUndefined({ id, updatedAt }));
      const next = { ...own.shop.settings, ...withoutUndefined(settings) };
      const after = toSettingsDto({ ...own.shop, ...withoutUndefined({ name, currency }), settings: next });
      const fields = changedFields(before, after);
      if (fields.length === 0) return before;
      await manager.update(
        Shop,
        { id: shopId },
        { name: after.name, currency: after.currency, settings: next },
      );
      const details = { fields: fields.join(', ') };
      await recordAudit(manager, { action: 'settings.changed', actorId: userId, shopId, requestId, details });
      return toSettingsDto(await manager.findOneByOrFail(Shop, { id: shopId }));
    });
  }
}

function changedFields(before: SettingsDto, after: SettingsDto): string[] {
  const text = (settings: SettingsDto, field: string) => JSON.stringify(settings[field as keyof SettingsDto]);
  return Object.keys(after).filter((field) => text(before, field) !== text(after, field));
}

/** @throws ZodError when somebody stored what no program writes */
function toSettingsDto(shop: Shop): SettingsDto {
  const { id, name, currency, updatedAt } = shop;
  return { id, name, currency, ...SHOP_SETTINGS.parse(shop.settings), updatedAt: updatedAt.toISOString() };
}
