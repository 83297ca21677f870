import type { EntityManager } from 'typeorm';
import type { MemberRole } from '../../tenancy/tenant';
import { enterMember } from '../../tenancy/tenant-members';
import { Membership } from '../shops/membership.entity';
import type { User } from '../users/user.entity';
import { AlreadyAMember, LastOwner, MemberNotFound } from './members.errors';
import { requireSeat } from './seats';

/** Queries the members of a shop with their users, in the order of user ids. */
export function membersOf(manager: EntityManager, shopId: string) {
  return manager
    .createQueryBuilder(Membership, 'm')
    .innerJoinAndSelect('m.user', 'u')
    .where('m.shop_id = :shopId', { shopId })
    .orderBy('m.user_id');
}

export function findMember(
  manager: EntityManager,
  shopId: string,
  userId: string,
): Promise<Membership | null> {
  return membersOf(manager, shopId).andWhere('m.user_id = :userId', { userId }).getOne();
}

/** @throws MemberNotFound */
export async function getMember(manager: EntityManager, shopId: string, userId: string): Promise<Membership> {
  const member = await findMember(manager, shopId, userId);
  if (member === null) throw new MemberNotFound();
  return member;
}

/** Adds a user to `memberships` and to the shop's own `members`. Call with the shop locked. @throws AlreadyAMember, SeatsTaken */
export async function addMember(
  manager: EntityManager,
  shopId: string,
  { id: userId, name }: User,
  role: MemberRole,
): Promise<Membership> {
  if (await manager.existsBy(Membership, { shopId, userId })) throw new AlreadyAMember();
  await requireSeat(manager, shopId);
  await manager.insert(Membership, { shopId, userId, role });
  await enterMember(manager, shopId, { id: userId, name, role });
  return getMember(manager, shopId, userId);
}

/** Gives a member another role. Call with the shop locked. @throws LastOwner */
export async function changeRole(
  manager: EntityManager,
  member: Membership,
  role: MemberRole,
): Promise<Membership> {
  const { shopId, userId, user } = member;
  await requireOtherOwner(manager, member);
  await manager.update(Membership, { shopId, userId }, { role });
  await enterMember(manager, shopId, { id: userId, name: user.name, role });
  return { ...member, role };
}

/**
 * Ends a membership. The row in the shop's `members` stays because orders that the member took refer to it. Call with the
 * shop locked.
 * @throws LastOwner
 */
export async function removeMember(manager: EntityManager, member: Membership): Promise<void> {
  const { shopId, userId } = member;
  await requireOtherOwner(manager, member);
  await manager.delete(Membership, { shopId, userId });
}

/** Requires another owner if this member is one. @throws LastOwner */
async function requireOtherOwner(manager: EntityManager, { shopId, role }: Membership): Promise<void> {
  if (role !== 'owner') return;
  if ((await manager.countBy(Membership, { shopId, role: 'owner' })) < 2) throw new LastOwner();
}
