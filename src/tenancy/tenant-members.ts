import type { EntityManager } from 'typeorm';
import { CHECK_VIOLATION, sqlState } from '../common/sqlstate';
import { ShopNotReady } from './tenancy.errors';
import type { MemberRole } from './tenant';

const RETRY_SECONDS = 5;

/**
 * Writes a member into the shop's own `members` table, in the caller's transaction. Call it wherever a membership is
 * created or changed: without the row, the member cannot take an order. An existing row gets the new name and role. Rows
 * are never removed, because orders refer to the member who took them; access is granted by `memberships` alone.
 * @param manager manager of the public side, whose login may call this function and has no right in any shop
 * @throws PostgreSQL's 42P01 when the shop has no schema; ShopNotReady if a migration has yet to bring the role to the shop
 */
export async function enterMember(
  manager: EntityManager,
  shopId: string,
  member: { id: string; name: string; role: MemberRole },
): Promise<void> {
  try {
    await manager.query('SELECT public.enter_member($1, $2, $3, $4)', [
      shopId,
      member.id,
      member.name,
      member.role,
    ]);
  } catch (error) {
    if (sqlState(error) !== CHECK_VIOLATION) throw error;
    throw new ShopNotReady({ retryAfter: RETRY_SECONDS, cause: error });
  }
}
