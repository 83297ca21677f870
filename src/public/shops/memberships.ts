import type { EntityManager } from 'typeorm';
import { Membership } from './membership.entity';
import { type ShopDto, toShopDto } from './shops.dto';

/** A user's memberships with their shops, oldest shop first. */
export function membershipsOf(manager: EntityManager, userId: string) {
  return manager
    .createQueryBuilder(Membership, 'm')
    .innerJoinAndSelect('m.shop', 's')
    .where('m.user_id = :userId', { userId })
    .orderBy('m.shop_id');
}

export function toMemberShop({ shop, role }: Membership): ShopDto {
  return toShopDto(shop, role);
}

/** All of a user's shops. */
export async function shopsOf(manager: EntityManager, userId: string): Promise<ShopDto[]> {
  return (await membershipsOf(manager, userId).getMany()).map(toMemberShop);
}
