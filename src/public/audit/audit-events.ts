import type { Caller } from '../../http/caller.decorator';
import type { AuditEvent } from '../../tenancy/audit-log';

/** Reason for which a password was refused. */
type Refusal = 'unknown address' | 'wrong password' | 'wrong current password';

export function loginSucceeded(caller: Caller, userId: string, shopId: string | null): AuditEvent {
  return event('login.succeeded', caller, userId, shopId);
}

/** @param userId null for an unknown e-mail address; the address itself is not recorded */
export function loginRefused(caller: Caller, userId: string | null, reason: Refusal): AuditEvent {
  const refused = event('login.refused', caller, userId, null);
  return { ...refused, details: { ...refused.details, reason } };
}

export function tokenReused(caller: Caller, userId: string, shopId: string | null): AuditEvent {
  return event('token.reused', caller, userId, shopId);
}

export function passwordChanged(caller: Caller, userId: string): AuditEvent {
  return event('password.changed', caller, userId, null);
}

export function passwordReset(caller: Caller, userId: string): AuditEvent {
  return event('password.reset', caller, userId, null);
}

export function shopCreated(caller: Caller, userId: string, shopId: string): AuditEvent {
  return event('shop.created', caller, userId, shopId);
}

function event(
  action: AuditEvent['action'],
  { requestId, address }: Caller,
  actorId: string | null,
  shopId: string | null,
): AuditEvent {
  return { action, actorId, shopId, requestId, details: { address } };
}
