import { createHash, createHmac, type KeyObject, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../http/caller.decorator';
import { newId } from '../../common/ids';
import { PublicDatabase } from '../../database/control-database';
import { type Installation, INSTALLATION } from '../../database/installation';
import { recordAudit } from '../../tenancy/audit-log';
import type { Principal } from '../../tenancy/tenant';
import { tokenReused } from '../audit/audit-events';
import { ACCESS_TOKEN, type AccessClaims } from './access-token';
import { KeyRing } from './key-ring';
import { lockSession, openSession, removeExpiredTokens, revokeSession } from './sessions';

export interface TokenPair {
  accessToken: string;
  refreshToken: string;
  /** Seconds until the access token expires. */
  expiresIn: number;
  tokenType: 'Bearer';
}

/** Key for signing an access token. */
export interface Signer {
  kid: string;
  privateKey: KeyObject;
}

const REFRESH_DAYS = 30;
const REFRESH_BYTES = 32;
/** For this long a used token returns its successor again: to a second tab, or after an answer was lost. */
const GRACE_SECONDS = 10;

/** Issues, renews and revokes tokens. */
@Injectable()
export class TokensService {
  private readonly successorKey: Buffer;

  constructor(
    private readonly jwt: JwtService,
    private readonly keys: KeyRing,
    private readonly database: PublicDatabase,
    @Inject(INSTALLATION) { secrets }: Installation,
  ) {
    this.successorKey = Buffer.from(secrets.derive('refresh successor'), 'hex');
  }

  /**
   * Returns the key with which the other methods sign. Call it before a transaction: inside one it would wait for a second
   * connection while holding the first, and enough of those at once wait for each other.
   */
  signer(): Promise<Signer> {
    return this.keys.current();
  }

  /** Issues the first pair of a new session. Like `issue` and `use`, writes in the caller's transaction. */
  async open(
    manager: EntityManager,
    signer: Signer,
    user: { userId: string; shopId: string | null },
  ): Promise<TokenPair> {
    return this.issue(manager, signer, { ...user, sessionId: await openSession(manager, user.userId) });
  }

  /** Issues another pair of a session. A refresh token that already exists is not written again. */
  async issue(
    manager: EntityManager,
    signer: Signer,
    { userId, sessionId, shopId }: Principal,
    refreshToken: string = randomBytes(REFRESH_BYTES).toString('base64url'),
  ): Promise<TokenPair> {
    await manager.query(
      `INSERT INTO refresh_tokens (id, token_hash, session_id, user_id, shop_id, expires_at)
       VALUES ($1, $2, $3, $4, $5, now() + make_interval(days => $6)) ON CONFLICT (token_hash) DO NOTHING`,
      [newId(), hashOf(refreshToken), sessionId, userId, shopId, REFRESH_DAYS],
    );
    const claims: AccessClaims = {
      sub: userId,
      sid: sessionId,
      typ: ACCESS_TOKEN.type,
      ...(shopId === null ? {} : { shop_id: shopId }),
    };
    const { kid: keyid, privateKey } = signer;
    return {
      accessToken: await this.jwt.signAsync(claims, { keyid, privateKey }),
      refreshToken,
      expiresIn: ACCESS_TOKEN.lifetime,
      tokenType: 'Bearer',
    };
  }

  /**
   * Consumes a refresh token. A token first used longer ago than the grace period is stolen or replayed: its session is
   * revoked, and the result is null, so that the caller's transaction commits the revocation.
   * @returns the holder and the token that follows; null for an invalid token
   */
  async use(
    manager: EntityManager,
    refreshToken: string,
    caller: Caller,
  ): Promise<{ holder: Principal; successor: string } | null> {
    const tokenHash = hashOf(refreshToken);
    const holder = await findHolder(manager, tokenHash);
    if (holder === undefined || !(await lockSession(manager, holder.sessionId))) return null;
    const use = await markUsed(manager, tokenHash);
    if (use === 'expired') return null;
    if (use === 'good') {
      await removeExpiredTokens(manager, holder.sessionId);
      return { holder, successor: this.successorOf(refreshToken) };
    }
    await revokeSession(manager, holder.sessionId);
    await recordAudit(manager, tokenReused(caller, holder.userId, holder.shopId));
    return null;
  }

  /** Ends the session of the token. An unknown token is not an error: there is nothing to end. */
  async revoke(refreshToken: string): Promise<void> {
    await this.database.transaction(async (manager) => {
      const holder = await findHolder(manager, hashOf(refreshToken));
      if (holder !== undefined) await revokeSession(manager, holder.sessionId);
    });
  }

  private successorOf(refreshToken: string): string {
    return createHmac('sha256', this.successorKey).update(refreshToken).digest('base64url');
  }
}

async function findHolder(manager: EntityManager, tokenHash: string): Promise<Principal | undefined> {
  const [holder] = await manager.query<Principal[]>(
    `SELECT user_id AS "userId", session_id AS "sessionId", shop_id AS "shopId"
     FROM refresh_tokens WHERE token_hash = $1`,
    [tokenHash],
  );
  return holder;
}

/**
 * Marks the first use and classifies this one. Runs after the lock on the session, as a statement of its own: a statement
 * sees what was committed when it began (PostgreSQL manual, 13.2.1).
 */
async function markUsed(manager: EntityManager, tokenHash: string): Promise<'good' | 'expired' | 'reused'> {
  const [token] = await manager.query<{ use: 'good' | 'expired' | 'reused' }[]>(
    `SELECT CASE WHEN expires_at <= now() THEN 'expired'
                 WHEN used_at <= now() - make_interval(secs => $2) THEN 'reused'
                 ELSE 'good' END AS use
     FROM refresh_tokens WHERE token_hash = $1`,
    [tokenHash, GRACE_SECONDS],
  );
  if (token?.use === 'good')
    await manager.query(
      'UPDATE refresh_tokens SET used_at = now() WHERE token_hash = $1 AND used_at IS NULL',
      [tokenHash],
    );
  return token?.use ?? 'expired'; // deleted meanwhile, as expired tokens are
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
