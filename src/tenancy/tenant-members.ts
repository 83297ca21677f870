import type { EntityManager } from 'typeorm';
import type { MemberRole } from './tenant';

/**
 * Writes who works in a shop into the shop's own `members`, in the caller's transaction: to be called wherever a
 * membership is made or changed, or the member cannot take an order. A row that is there gets the new name and
 * role. Nobody removes one: a shop's orders refer to whoever took them, and only `memberships` lets people in.
 * @param manager of the public side; its login may call the function and has no right in any shop
 * @throws PostgreSQL's 42P01 when the shop has no schema, 23514 for a role that is none
 */
export async function enterMember(
  manager: EntityManager,
  shopId: string,
  member: { id: string; name: string; role: MemberRole },
): Promise<void> {
  await manager.query('SELECT public.enter_member($1, $2, $3, $4)', [
    shopId,
    member.id,
    member.name,
    member.role,
  ]);
}
