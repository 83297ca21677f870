import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { EntityManager } from 'typeorm';
import { newId } from '../../common/ids';
import { PublicDatabase } from '../../database/control-database';
import { ACCESS_TOKEN, type AccessClaims } from './access-token';
import { RefreshToken } from './refresh-token.entity';

export interface TokenPair {
  accessToken: string;
  refreshToken: string;
  /** Seconds until the access token ends. */
  expiresIn: number;
  tokenType: 'Bearer';
}

const REFRESH_DAYS = 30;
const REFRESH_BYTES = 32;
const DAY_MS = 86_400_000;

/** Issues, renews and revokes tokens. */
@Injectable()
export class TokensService {
  constructor(
    private readonly jwt: JwtService,
    private readonly database: PublicDatabase,
  ) {}

  /** A pair for a new login, or, with `familyId`, the next of one. Written in the caller's transaction. */
  async issue(
    manager: EntityManager,
    userId: string,
    shopId: string | null,
    familyId: string = newId(),
  ): Promise<TokenPair> {
    const refreshToken = randomBytes(REFRESH_BYTES).toString('base64url');
    await manager.insert(RefreshToken, {
      id: newId(),
      tokenHash: hashOf(refreshToken),
      familyId,
      userId,
      shopId,
      expiresAt: new Date(Date.now() + REFRESH_DAYS * DAY_MS),
    });
    const claims: AccessClaims = {
      sub: userId,
      typ: ACCESS_TOKEN.type,
      ...(shopId === null ? {} : { shop_id: shopId }),
    };
    return {
      accessToken: await this.jwt.signAsync(claims),
      refreshToken,
      expiresIn: ACCESS_TOKEN.lifetime,
      tokenType: 'Bearer',
    };
  }

  /**
   * Uses a refresh token up and returns its row. One that was used before is stolen or replayed: its whole
   * family is revoked, and the answer is null, so that the caller's transaction keeps the revocation.
   */
  async use(manager: EntityManager, refreshToken: string): Promise<RefreshToken | null> {
    const tokenHash = hashOf(refreshToken);
    await lockFamily(manager, tokenHash);
    const { affected } = await manager
      .createQueryBuilder()
      .update(RefreshToken)
      .set({ usedAt: () => 'now()' })
      .where('token_hash = :tokenHash AND used_at IS NULL AND revoked_at IS NULL', { tokenHash })
      .andWhere('expires_at > now()')
      .execute();
    if (affected === 1) return manager.findOneByOrFail(RefreshToken, { tokenHash });
    await revokeFamily(manager, tokenHash);
    return null;
  }

  /** Ends the login that the token belongs to. An unknown token is no error: the aim is reached. */
  async revoke(refreshToken: string): Promise<void> {
    const tokenHash = hashOf(refreshToken);
    await this.database.transaction(async (manager) => {
      await lockFamily(manager, tokenHash);
      await revokeFamily(manager, tokenHash);
    });
  }
}

/**
 * Makes uses and revocations of one family take turns, by a lock on its first row. Without it a revocation would
 * wait for a use that is under way and then not see the token that this one has issued: a statement sees what
 * was committed when it began (PostgreSQL manual, 13.2.1).
 */
async function lockFamily(manager: EntityManager, tokenHash: string): Promise<void> {
  await manager.query(
    `SELECT id FROM refresh_tokens
     WHERE family_id = (SELECT family_id FROM refresh_tokens WHERE token_hash = $1)
     ORDER BY id LIMIT 1 FOR UPDATE`,
    [tokenHash],
  );
}

async function revokeFamily(manager: EntityManager, tokenHash: string): Promise<void> {
  await manager.query(
    `UPDATE refresh_tokens SET revoked_at = now()
     WHERE revoked_at IS NULL
       AND family_id = (SELECT family_id FROM refresh_tokens WHERE token_hash = $1)`,
    [tokenHash],
  );
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
