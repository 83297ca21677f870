import type { EntityManager } from 'typeorm';
import { newId } from '../common/ids';
import { quoteLiteral } from '../database/identifiers';

/** Actions of the audit log: the object, then what happened to it. */
export const AUDIT_ACTIONS = [
  'login.succeeded',
  'login.refused',
  'token.reused',
  'password.changed',
  'password.reset',
  'reset.issued',
  'sessions.ended',
  'shop.created',
  'shop.renamed',
  'shop.suspended',
  'shop.resumed',
  'shop.backed_up',
  'shop.restored',
  'shop.restore_undone',
  'shop.cloned',
  'shop.exported',
  'export.downloaded',
  'settings.changed',
  'shop.plan_changed',
  'shop.limits_changed',
  'shop.read_only',
  'shop.deleted',
  'shop.undeleted',
  'shop.purged',
  'member.added',
  'member.changed',
  'member.removed',
  'schema.migrated',
  'support.entered',
  'operation.queued',
  'operation.cancelled',
  'operation.retried',
  'job.retried',
  'job.dropped',
  'jobs.dropped',
  'plan.created',
  'plan.changed',
  'operator.signed_in',
  'operator.refused',
  'operator.created',
  'operator.changed',
  'operator.enrolled',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export interface AuditEvent {
  action: AuditAction;
  /** User or, with `by: operator` in the details, operator who acted; null for a command or an unknown user. */
  actorId: string | null;
  /** Shop concerned; its owners and admins can read the entry. */
  shopId: string | null;
  /** Request id, as in the log; null for a command. */
  requestId: string | null;
  /** Short facts. No names, no e-mail addresses, no secrets. */
  details?: Record<string, string | number>;
}

/** Origin of an action: what an entry says of who acted, by which request. */
export type Actor = Pick<AuditEvent, 'actorId' | 'requestId' | 'details'>;

/** An operator who runs a command. */
export const BY_COMMAND: Actor = { actorId: null, requestId: null, details: { by: 'command' } };

/**
 * Writes an entry in the caller's transaction, so that it is stored if and only if the action is. The time is the
 * server's; no login may set it, or change or remove an entry (src/database/public-rights.ts).
 */
export async function recordAudit(manager: EntityManager, event: AuditEvent): Promise<void> {
  await manager.query(
    'INSERT INTO audit_log (id, action, actor_id, shop_id, request_id, details) VALUES ($1, $2, $3, $4, $5, $6)',
    [newId(), event.action, event.actorId, event.shopId, event.requestId, event.details ?? {}],
  );
}

/** Writes the same entry for several shops, in the caller's transaction. */
export async function recordAuditOf(
  manager: EntityManager,
  shopIds: readonly (string | null)[],
  { action, actorId, requestId, details = {} }: Omit<AuditEvent, 'shopId'>,
): Promise<void> {
  await manager.query(
    `INSERT INTO audit_log (id, action, actor_id, shop_id, request_id, details)
     SELECT e.id, $3, $4, e.shop_id, $5, $6 FROM unnest($1::uuid[], $2::uuid[]) AS e (id, shop_id)`,
    [shopIds.map(newId), shopIds, action, actorId, requestId, details],
  );
}

/** The INSERT as text, for messages of several statements that only the engine sends. */
export function auditSql({ action, actorId, shopId, requestId, details = {} }: AuditEvent): string {
  const values = [newId(), action, actorId, shopId, requestId, JSON.stringify(details)];
  const literals = values.map((value) => (value === null ? 'NULL' : quoteLiteral(value)));
  return `INSERT INTO public.audit_log (id, action, actor_id, shop_id, request_id, details)
    VALUES (${literals.join(', ')});`;
}
