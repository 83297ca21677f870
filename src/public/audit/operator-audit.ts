import type { EntityManager } from 'typeorm';
import { type AuditAction, type AuditEvent, recordAuditOf } from '../../tenancy/audit-log';
import { type Operator, operatorEvent } from '../../tenancy/operator';

/**
 * Writes an entry for an operator's action on a user: one in each of the user's shops, because the user may enter them and
 * their owners should know; one without a shop for a user who has none.
 */
export async function recordOfUser(
  manager: EntityManager,
  operator: Operator,
  action: AuditAction,
  userId: string,
  details: AuditEvent['details'] = {},
): Promise<void> {
  const shops = await manager.query<{ shopId: string }[]>(
    'SELECT shop_id AS "shopId" FROM memberships WHERE user_id = $1 ORDER BY shop_id',
    [userId],
  );
  const shopIds = shops.length === 0 ? [null] : shops.map(({ shopId }) => shopId);
  await recordAuditOf(manager, shopIds, operatorEvent(operator, action, null, { userId, ...details }));
}
