import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../../common/ids';
import { PublicDatabase } from '../../database/control-database';
import type { OperatorRole, SignedInOperator } from '../accounts/operator-role';

/** A session ends when it is not used for this long. Minutes. */
const IDLE_MINUTES = 15;
/** A session ends after this long in any case. Hours. */
const LONGEST_HOURS = 12;
const TOKEN_BYTES = 32;
/** Tells a token of an operator from any other at a glance, also for scanners of leaked secrets. */
const PREFIX = 'stoa_operator_';
const TOKEN = /^bearer (stoa_operator_[\w-]{43})$/i;

/** Facts from which follows what an operator has to do first. */
interface Readiness {
  role: OperatorRole;
  isOneTime: boolean;
  hasTotp: boolean;
}

export function pendingOf({ role, isOneTime, hasTotp }: Readiness): SignedInOperator['pending'] {
  if (isOneTime) return 'password';
  return role === 'administrator' && !hasTotp ? 'totp' : null;
}

/** Sessions of operators: a random token, whose hash is a row. No cache, so a session that was ended is ended. */
@Injectable()
export class OperatorSessions {
  constructor(private readonly database: PublicDatabase) {}

  /**
   * Finds the operator of a request and moves the end of the session.
   * @param header value of `Authorization`
   * @returns null for a token that is not one of a live session
   */
  async use(header: string): Promise<SignedInOperator | null> {
    const token = TOKEN.exec(header)?.[1];
    if (token === undefined) return null;
    return this.database.transaction(async (manager) => {
      const [[found]] = await manager.query<
        [(Readiness & { sessionId: string; operatorId: string })[], number]
      >(
        `UPDATE operator_sessions s SET expires_at = least(s.ends_at, now() + make_interval(mins => $2))
         FROM operators o WHERE s.token_hash = $1 AND s.expires_at > now() AND o.id = s.operator_id AND o.disabled_at IS NULL
         RETURNING s.id AS "sessionId", o.id AS "operatorId", o.role, o.password_ends_at IS NOT NULL AS "isOneTime",
           o.totp_confirmed_at IS NOT NULL AS "hasTotp"`,
        [hashOf(token), IDLE_MINUTES],
      );
      if (found === undefined) return null;
      const { sessionId, operatorId, role } = found;
      return { sessionId, operatorId, role, pending: pendingOf(found) };
    });
  }

  async end(sessionId: string): Promise<void> {
    await this.database.transaction((manager) =>
      manager.query('DELETE FROM operator_sessions WHERE id = $1', [sessionId]),
    );
  }
}

/** Opens a session in the caller's transaction, and removes the operator's expired ones. */
export async function openSession(
  manager: EntityManager,
  operatorId: string,
): Promise<{ token: string; expiresAt: Date }> {
  const token = PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
  await manager.query('DELETE FROM operator_sessions WHERE operator_id = $1 AND expires_at <= now()', [
    operatorId,
  ]);
  const [row] = await manager.query<{ expiresAt: Date }[]>(
    `INSERT INTO operator_sessions (id, operator_id, token_hash, expires_at, ends_at)
     VALUES ($1, $2, $3, now() + make_interval(mins => $4), now() + make_interval(hours => $5))
     RETURNING expires_at AS "expiresAt"`,
    [newId(), operatorId, hashOf(token), IDLE_MINUTES, LONGEST_HOURS],
  );
  return { token, expiresAt: row!.expiresAt }; // RETURNING gives the row
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
