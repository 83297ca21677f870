import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { PublicDatabase } from '../../database/control-database';
import type { Operator } from '../../tenancy/operator';
import { recordOfUser } from '../audit/operator-audit';
import { getUserByEmail } from '../users/users';
import { revokeSessionsOf } from './sessions';

/** A login that has not ended. */
export interface LiveSession {
  id: string;
  createdAt: Date;
  /** Time of the login or of the last refresh. */
  lastUsedAt: Date;
  /** Time at which it ends if it is not used. */
  expiresAt: Date;
  /** Slug of the shop that it opened last; null without one. */
  shop: string | null;
  /** Network address of the login; null if the audit log does not have it. */
  address: string | null;
}

/** Lists and ends the sessions of any user, for operators. */
@Injectable()
export class SessionSupportService {
  constructor(private readonly database: PublicDatabase) {}

  /** Lists live sessions, the one used last first. @throws UserNotFound */
  list(email: string): Promise<LiveSession[]> {
    return this.database.run(async (manager) =>
      liveSessions(manager, (await getUserByEmail(manager, email)).id),
    );
  }

  /**
   * Ends all sessions of a user: refresh tokens at once, access tokens within 5 s in every process. The audit log of each of
   * the user's shops has it.
   * @returns the sessions that ended
   * @throws UserNotFound
   */
  end(operator: Operator, email: string): Promise<LiveSession[]> {
    return this.database.transaction(async (manager) => {
      const { id: userId } = await getUserByEmail(manager, email);
      const ended = await liveSessions(manager, userId);
      await revokeSessionsOf(manager, userId);
      if (ended.length > 0)
        await recordOfUser(manager, operator, 'sessions.ended', userId, { sessions: ended.length });
      return ended;
    });
  }
}

/** The entry of a login has the time of its session, because the same transaction writes both. */
function liveSessions(manager: EntityManager, userId: string): Promise<LiveSession[]> {
  return manager.query<LiveSession[]>(
    `SELECT s.id, s.created_at AS "createdAt", t.created_at AS "lastUsedAt", t.expires_at AS "expiresAt", h.slug AS shop,
       (SELECT a.details->>'address' FROM audit_log a WHERE a.actor_id = s.user_id AND a.at = s.created_at LIMIT 1) AS address
     FROM sessions s
     JOIN LATERAL (SELECT created_at, expires_at, shop_id FROM refresh_tokens
       WHERE session_id = s.id AND expires_at > now() ORDER BY created_at DESC, id DESC LIMIT 1) t ON true
     LEFT JOIN shops h ON h.id = t.shop_id
     WHERE s.user_id = $1 AND s.revoked_at IS NULL ORDER BY t.created_at DESC, s.id DESC`,
    [userId],
  );
}
