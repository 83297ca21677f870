import type { EntityManager } from 'typeorm';
import type { MemberRole } from './tenant';

/**
 * Writes a member into the shop's own `members` table, in the caller's transaction. Call it wherever a membership is
 * created or changed: without the row, the member cannot take an order. An existing row gets the new name and role. Rows
 * are never removed, because orders refer to the member who took them; access is granted by `memberships` alone.
 * @param manager manager of the public side, whose login may call this function and has no right in any shop
 * @throws PostgreSQL's 42P01 when the shop has no schema, 23514 for an unknown role
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
