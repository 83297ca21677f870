import type { EntityManager } from 'typeorm';
import { newId } from '../../common/ids';
import { Session } from './session.entity';

/** Opens a session and deletes the user's expired ones. @returns its id */
export async function openSession(manager: EntityManager, userId: string): Promise<string> {
  await removeExpired(manager, userId);
  const id = newId();
  await manager.insert(Session, { id, userId });
  return id;
}

/**
 * Serializes the rest of the transaction with every other use of the session, its revocation included.
 * @returns true if the session is live
 */
export async function lockSession(manager: EntityManager, id: string): Promise<boolean> {
  const rows = await manager.query<unknown[]>(
    'SELECT id FROM sessions WHERE id = $1 AND revoked_at IS NULL FOR UPDATE',
    [id],
  );
  return rows.length > 0;
}

export async function revokeSession(manager: EntityManager, id: string): Promise<void> {
  await manager.query('UPDATE sessions SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL', [id]);
}

export async function revokeSessionsOf(manager: EntityManager, userId: string): Promise<void> {
  await manager.query('UPDATE sessions SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL', [
    userId,
  ]);
}

/** Deletes the expired tokens of a long session. Call with the session locked. */
export async function removeExpiredTokens(manager: EntityManager, sessionId: string): Promise<void> {
  await manager.query('DELETE FROM refresh_tokens WHERE session_id = $1 AND expires_at <= now()', [
    sessionId,
  ]);
}

/** Deletes expired sessions and tokens, leaving locked rows to the next login: nothing waits, nothing deadlocks. */
async function removeExpired(manager: EntityManager, userId: string): Promise<void> {
  await manager.query(
    `DELETE FROM refresh_tokens WHERE id IN (
       SELECT id FROM refresh_tokens WHERE user_id = $1 AND expires_at <= now() FOR UPDATE SKIP LOCKED)`,
    [userId],
  );
  await manager.query(
    `DELETE FROM sessions WHERE id IN (
       SELECT s.id FROM sessions s
       WHERE s.user_id = $1 AND NOT EXISTS (
         SELECT FROM refresh_tokens t WHERE t.session_id = s.id AND t.expires_at > now())
       FOR UPDATE SKIP LOCKED)`,
    [userId],
  );
}
