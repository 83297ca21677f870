import type { EntityManager } from 'typeorm';
import { ShopNotFound } from '../../tenancy/tenancy.errors';
import type { MemberRole } from '../../tenancy/tenant';
import { Membership } from './membership.entity';
import { type ShopDto, toShopDto } from './shops.dto';

/** The signed-in user, the shop concerned, and the least role that the route needs. */
export interface MemberScope {
  userId: string;
  shopId: string;
  needed: MemberRole;
}

/** Queries a user's memberships with their shops, oldest shop first. */
export function membershipsOf(manager: EntityManager, userId: string) {
  return manager
    .createQueryBuilder(Membership, 'm')
    .innerJoinAndSelect('m.shop', 's')
    .where('m.user_id = :userId', { userId })
    .orderBy('m.shop_id');
}

/** @throws ShopNotFound for a shop that does not exist or of which the user is not a member */
export async function getMembership(
  manager: EntityManager,
  userId: string,
  shopId: string,
): Promise<Membership> {
  const membership = await membershipsOf(manager, userId)
    .andWhere('m.shop_id = :shopId', { shopId })
    .getOne();
  if (membership === null) throw new ShopNotFound();
  return membership;
}

export function toMemberShop({ shop, role }: Membership): ShopDto {
  return toShopDto(shop, role);
}

/** Returns all shops of a user. */
export async function shopsOf(manager: EntityManager, userId: string): Promise<ShopDto[]> {
  return (await membershipsOf(manager, userId).getMany()).map(toMemberShop);
}
