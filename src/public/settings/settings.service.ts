import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../http/caller.decorator';
import type { Precondition } from '../../http/precondition';
import { assertUnchanged } from '../../http/read-only';
import { withoutUndefined } from '../../common/without-undefined';
import { PublicDatabase } from '../../database/control-database';
import { AccessDirectory } from '../../tenancy/access-directory';
import { recordAudit } from '../../tenancy/audit-log';
import { requireRole } from '../../tenancy/member-role';
import { Plan } from '../../tenancy/plan.entity';
import { SHOP_SETTINGS, settingsInForce, type ShopSettings, withoutNulls } from '../../tenancy/shop-settings';
import type { MemberRole, TenantAccess } from '../../tenancy/tenant';
import { getMembership, lockShop } from '../shops/memberships';
import { Shop } from '../shops/shop.entity';
import type { SettingsDto, UpdateSettingsDto } from './settings.dto';

/**
 * Settings of a shop: its name, its currency, and all that is in the column `settings` of its row. In place of those that are
 * missing there, those of its plan are in force.
 */
@Injectable()
export class SettingsService {
  constructor(
    private readonly database: PublicDatabase,
    private readonly access: AccessDirectory,
  ) {}

  get({ userId, shopId }: TenantAccess): Promise<SettingsDto> {
    return this.database.run(async (manager) => {
      const { shop } = await getMembership(manager, userId, shopId);
      return toSettingsDto(shop, await planOf(manager, shop));
    });
  }

  /**
   * Changes the settings that are named; the others stay. One that already has the value in force is not stored, so that a form
   * that sends all of them back leaves those of the plan to the plan.
   */
  async update(
    { userId, shopId }: TenantAccess,
    needed: MemberRole,
    { name, currency, id, updatedAt, ...settings }: UpdateSettingsDto,
    ifMatch: Precondition,
    { requestId }: Caller,
  ): Promise<SettingsDto> {
    const changed = await this.database.transaction(async (manager) => {
      const own = await lockShop(manager, { userId, shopId, needed });
      requireRole(own.role, needed);
      const plan = await planOf(manager, own.shop);
      const before = toSettingsDto(own.shop, plan);
      await ifMatch.check(() => Promise.resolve(before));
      assertUnchanged(before, withoutUndefined({ id, updatedAt }));
      const stored = { name: own.shop.name, currency: own.shop.currency, ...withoutNulls(own.shop.settings) };
      const next = { ...stored, ...withoutUndefined({ name, currency }), ...choices(settings, before) };
      const fields = differing(stored, withoutNulls(next));
      if (fields.length === 0) return before;
      const { name: newName, currency: newCurrency, ...chosen } = next;
      const after = { name: newName, currency: newCurrency, settings: withoutNulls(chosen) };
      await manager.update(Shop, { id: shopId }, after);
      const details = { fields: fields.join(', ') };
      await recordAudit(manager, { action: 'settings.changed', actorId: userId, shopId, requestId, details });
      return toSettingsDto(await manager.findOneByOrFail(Shop, { id: shopId }), plan);
    });
    this.access.forget(shopId);
    return changed;
  }
}

/** Settings of the request that differ from those in force; null, which takes one away, stays. */
function choices(wanted: object, inForce: SettingsDto): Record<string, unknown> {
  const changes = withoutUndefined(wanted);
  const values = SHOP_SETTINGS.parse({ ...inForce, ...withoutNulls(changes) });
  const chosen = Object.entries(changes as Partial<ShopSettings>).map(([name, value]) => [
    name,
    value === null ? null : values[name as keyof ShopSettings],
  ]);
  const isSame = ([name, value]: unknown[]) =>
    JSON.stringify(value) === JSON.stringify(inForce[name as keyof SettingsDto]);
  return Object.fromEntries(chosen.filter((choice) => choice[1] === null || !isSame(choice))) as never;
}

function differing(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  return Object.keys({ ...before, ...after }).filter((name) => before[name] !== after[name]);
}

function planOf(manager: EntityManager, { plan }: Shop): Promise<Plan> {
  return manager.findOneByOrFail(Plan, { name: plan });
}

/** @throws ZodError when somebody stored what no program writes */
function toSettingsDto(shop: Shop, plan: Plan): SettingsDto {
  const { id, name, currency, updatedAt } = shop;
  return {
    ...{ id, name, currency, ...settingsInForce(plan.settings, shop.settings) },
    updatedAt: updatedAt.toISOString(),
  };
}
