import type { Actor, AuditAction, AuditEvent } from './audit-log';

/** Operator who acts on a shop or a user. */
export interface Operator {
  /** Account of the operators' API; null for a command. */
  actorId: string | null;
  /** Null for a command. */
  requestId: string | null;
  by: 'command' | 'operator';
}

/** Operator on the command line, who is known to the machine and not to the program. */
export const COMMAND: Operator = { actorId: null, requestId: null, by: 'command' };

/** Facts about an operator who acted, for entries. */
export function actorOf({ actorId, requestId, by }: Operator): Actor {
  return { actorId, requestId, details: { by } };
}

/** Entry of the audit log for an action of an operator. */
export function operatorEvent(
  { actorId, requestId, by }: Operator,
  action: AuditAction,
  shopId: string | null,
  details: AuditEvent['details'] = {},
): AuditEvent {
  return { action, actorId, shopId, requestId, details: { ...details, by } };
}
