import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { PublicDatabase } from '../../database/control-database';
import { Session } from './session.entity';

/** After this long at the latest a revoked session, or one whose user is gone, opens nothing. */
const CACHE_MS = 5000;
const CACHE_ENTRIES = 10_000;

/** Which sessions are live, from the public tables. A yes is remembered for a few seconds, a no never. */
@Injectable()
export class SessionDirectory {
  private readonly live = new LRUCache<string, string>({ max: CACHE_ENTRIES, ttl: CACHE_MS });

  constructor(private readonly database: PublicDatabase) {}

  /** Whether the session is this user's and not revoked. */
  async isLive(sessionId: string, userId: string): Promise<boolean> {
    if (this.live.get(sessionId) === userId) return true;
    const isLive = await this.database.run((manager) =>
      manager
        .createQueryBuilder(Session, 's')
        .where('s.id = :sessionId AND s.user_id = :userId AND s.revoked_at IS NULL', { sessionId, userId })
        .getExists(),
    );
    if (isLive) this.live.set(sessionId, userId);
    return isLive;
  }
}
