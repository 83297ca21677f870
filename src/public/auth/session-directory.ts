import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { PublicDatabase } from '../../database/control-database';

/** After this long at the latest a revoked session, or one whose user is gone, opens nothing. */
const CACHE_MS = 5000;
const CACHE_ENTRIES = 10_000;

const LIVE = 'SELECT id FROM sessions WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL';

/** Which sessions are live, from the public tables. A yes is remembered for a few seconds, a no never. */
@Injectable()
export class SessionDirectory {
  private readonly live = new LRUCache<string, string>({ max: CACHE_ENTRIES, ttl: CACHE_MS });

  constructor(private readonly database: PublicDatabase) {}

  /** Whether the session is this user's and not revoked. */
  async isLive(sessionId: string, userId: string): Promise<boolean> {
    if (this.live.get(sessionId) === userId) return true;
    const start = performance.now(); // what the answer says may be over by the time that it comes
    const found = await this.database.read(LIVE, [sessionId, userId]);
    if (found.length > 0) this.live.set(sessionId, userId, { start });
    return found.length > 0;
  }
}
