import type { EntityManager } from 'typeorm';
import { ShopNotFound, ShopReadOnly } from '../../tenancy/tenancy.errors';
import type { MemberRole } from '../../tenancy/tenant';
import { Membership } from './membership.entity';
import { type ShopDto, toShopDto } from './shops.dto';

/** The signed-in user, the shop concerned, and the least role that the route needs. */
export interface MemberScope {
  userId: string;
  shopId: string;
  needed: MemberRole;
}

/** Queries a user's memberships with their shops, oldest shop first. A deleted shop has no members. */
export function membershipsOf(manager: EntityManager, userId: string) {
  return manager
    .createQueryBuilder(Membership, 'm')
    .innerJoinAndSelect('m.shop', 's')
    .where('m.user_id = :userId', { userId })
    .andWhere(`s.status <> 'deleted'`)
    .orderBy('m.shop_id');
}

/** @throws ShopNotFound for a shop that does not exist or is deleted, or of which the user is not a member */
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

/**
 * Locks a shop so that one transaction at a time changes it or its members: two owners who remove each other must not both
 * find another owner. A user who is not a member locks nothing.
 * @returns the user's membership, read after the lock was acquired
 * @throws ShopNotFound, ShopReadOnly
 */
export async function lockShop(manager: EntityManager, { userId, shopId }: MemberScope): Promise<Membership> {
  const locked = await manager.query<unknown[]>(
    `SELECT FROM shops s WHERE s.id = $1
       AND EXISTS (SELECT FROM memberships m WHERE m.shop_id = s.id AND m.user_id = $2)
     FOR NO KEY UPDATE OF s`,
    [shopId, userId],
  );
  if (locked.length === 0) throw new ShopNotFound();
  const own = await getMembership(manager, userId, shopId); // read again: it may have ended while this waited for the lock
  if (own.shop.status === 'read_only') throw new ShopReadOnly();
  return own;
}

export function toMemberShop({ shop, role }: Membership): ShopDto {
  return toShopDto(shop, role);
}

/** Returns all shops of a user, the one that they joined first before the others. */
export async function shopsOf(manager: EntityManager, userId: string): Promise<ShopDto[]> {
  const memberships = membershipsOf(manager, userId).orderBy('m.created_at').addOrderBy('m.shop_id');
  return (await memberships.getMany()).map(toMemberShop);
}
