import type { ClientBase } from 'pg';
import { newId } from '../../common/ids';
import type { AuditAction } from '../../tenancy/audit-log';
import type { Operation } from './operation.entity';

/** Records what an operation did to a shop, in the client's transaction, where the shop's owners read it. */
export async function recordOperationAudit(
  client: ClientBase,
  operation: Pick<Operation, 'id' | 'byKind' | 'byId'>,
  action: AuditAction,
  shopId: string,
  details: Record<string, string | number> = {},
): Promise<void> {
  await client.query(
    'INSERT INTO public.audit_log (id, action, actor_id, shop_id, request_id, details) VALUES ($1, $2, $3, $4, NULL, $5)',
    [newId(), action, operation.byId, shopId, { by: operation.byKind, operation: operation.id, ...details }],
  );
}
