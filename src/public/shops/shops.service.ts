import { Injectable } from '@nestjs/common';
import type { Caller } from '../../http/caller.decorator';
import { InvalidCursor } from '../../common/common.errors';
import { isId } from '../../common/ids';
import { type Page, type PageQuery, toPage } from '../../http/page';
import type { Precondition } from '../../http/precondition';
import { assertUnchanged } from '../../http/read-only';
import { PublicDatabase } from '../../database/control-database';
import { AccessDirectory } from '../../tenancy/access-directory';
import { recordAudit } from '../../tenancy/audit-log';
import type { KeyedTransaction } from '../../tenancy/keyed.decorator';
import { requireRole } from '../../tenancy/member-role';
import { ProvisioningService } from '../../tenancy/provisioning.service';
import { LoginLimits } from '../auth/login-limits';
import { shopCreated } from '../audit/audit-events';
import { getUser } from '../users/users';
import { getMembership, lockShop, type MemberScope, membershipsOf, toMemberShop } from './memberships';
import { createShop } from './create-shop';
import { Shop } from './shop.entity';
import { type CreateShopDto, type ShopDto, toShopDto, type UpdateShopDto } from './shops.dto';
import { changeSlug } from './slugs';

/** Shops as their members see them: another user's shop looks like one that does not exist. */
@Injectable()
export class ShopsService {
  constructor(
    private readonly database: PublicDatabase,
    private readonly provisioning: ProvisioningService,
    private readonly limits: LoginLimits,
    private readonly access: AccessDirectory,
  ) {}

  async list(userId: string, { limit, cursor }: PageQuery): Promise<Page<ShopDto>> {
    if (cursor !== undefined && !isId(cursor)) throw new InvalidCursor();
    const memberships = await this.database.run((manager) => {
      const query = membershipsOf(manager, userId).take(limit + 1);
      return (cursor === undefined ? query : query.andWhere('m.shop_id > :cursor', { cursor })).getMany();
    });
    return toPage(memberships, limit, (m) => m.shopId, toMemberShop);
  }

  async get(userId: string, shopId: string): Promise<ShopDto> {
    return toMemberShop(await this.database.run((manager) => getMembership(manager, userId, shopId)));
  }

  async create(
    userId: string,
    { name, slug, currency }: CreateShopDto,
    caller: Caller,
    keyed: KeyedTransaction,
  ): Promise<ShopDto> {
    await this.limits.countShop(userId);
    return keyed.run(this.provisioning, async (manager) => {
      const owner = await getUser(manager, userId);
      const shop = await createShop(manager, this.provisioning, { name, slug, currency, owner });
      await recordAudit(manager, shopCreated(caller, userId, shop.id));
      return toShopDto(shop, 'owner');
    });
  }

  async update(
    scope: MemberScope,
    { name, slug, currency, ...same }: UpdateShopDto,
    ifMatch: Precondition,
  ): Promise<ShopDto> {
    const { userId, shopId } = scope;
    const changes = { name, currency };
    const changed = await this.database.transaction(async (manager) => {
      const own = await lockShop(manager, scope);
      requireRole(own.role, scope.needed);
      await ifMatch.check(async () => toMemberShop(own));
      assertUnchanged(toMemberShop(own), same);
      if (isAny(changes)) await manager.update(Shop, { id: shopId }, changes);
      if (slug !== undefined) await changeSlug(manager, own.shop, slug);
      return toMemberShop(await getMembership(manager, userId, shopId));
    });
    this.access.forget(shopId);
    return changed;
  }
}

function isAny(fields: object): boolean {
  return Object.values(fields).some((value) => value !== undefined);
}
