import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { PublicDatabase } from '../../database/control-database';
import type { Caller } from '../../http/caller.decorator';
import { recordAudit } from '../../tenancy/audit-log';
import type { Operator } from '../../tenancy/operator';
import { passwordReset } from '../audit/audit-events';
import { recordOfUser } from '../audit/operator-audit';
import { User } from '../users/user.entity';
import { getUserByEmail } from '../users/users';
import type { DeviceDto, ResetPasswordDto } from './auth.dto';
import { ResetTokenInvalid } from './auth.errors';
import { KnownDevices } from './known-devices';
import { LoginLimits } from './login-limits';
import { hashPassword } from './passwords';
import { revokeSessionsOf } from './sessions';

const TOKEN_BYTES = 32;

/** Lets a user who has lost the password set a new one, after an operator has checked who asks. */
@Injectable()
export class PasswordResetService {
  constructor(
    private readonly database: PublicDatabase,
    private readonly limits: LoginLimits,
    private readonly devices: KnownDevices,
  ) {}

  /**
   * Issues a token for one use, for operators; no route of members does this. It replaces an earlier one of the user. The
   * audit log of each of the user's shops has it.
   * @throws UserNotFound
   */
  issue(operator: Operator, email: string, hours: number): Promise<{ token: string; expiresAt: Date }> {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    return this.database.transaction(async (manager) => {
      const user = await getUserByEmail(manager, email);
      const [row] = await manager.query<{ expiresAt: Date }[]>(
        `INSERT INTO password_resets (user_id, token_hash, expires_at)
         VALUES ($1, $2, now() + make_interval(hours => $3))
         ON CONFLICT (user_id) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at
         RETURNING expires_at AS "expiresAt"`,
        [user.id, hashOf(token), hours],
      );
      await recordOfUser(manager, operator, 'reset.issued', user.id);
      return { token, expiresAt: row!.expiresAt }; // RETURNING gives the row
    });
  }

  /**
   * Sets the password and ends all sessions of the user. The answer makes the device known, because the account's limit for
   * unknown devices may be used up.
   * @throws ResetTokenInvalid; TooManyAttempts, never for a valid token
   */
  async use({ token, newPassword }: ResetPasswordDto, caller: Caller): Promise<DeviceDto> {
    const tokenHash = hashOf(token);
    if (!(await this.database.run((manager) => isValid(manager, tokenHash)))) {
      await this.limits.countWrongToken(caller.address);
      throw new ResetTokenInvalid();
    }
    const passwordHash = await hashPassword(newPassword);
    return this.database.transaction(async (manager) => {
      const id = await consume(manager, tokenHash);
      await manager.update(User, { id }, { passwordHash });
      await revokeSessionsOf(manager, id);
      await recordAudit(manager, passwordReset(caller, id));
      return { deviceToken: this.devices.issue({ id, passwordHash }) };
    });
  }
}

/** Ends a reset that has not been used, if there is one. */
export async function removeReset(manager: EntityManager, userId: string): Promise<void> {
  await manager.query('DELETE FROM password_resets WHERE user_id = $1', [userId]);
}

async function isValid(manager: EntityManager, tokenHash: string): Promise<boolean> {
  const rows = await manager.query<unknown[]>(
    'SELECT user_id FROM password_resets WHERE token_hash = $1 AND expires_at > now()',
    [tokenHash],
  );
  return rows.length > 0;
}

/**
 * Uses the token up. Locks its user first, as a login does: a change of password locks user and token in this order, and
 * in the other one the two would deadlock.
 * @returns the user
 */
async function consume(manager: EntityManager, tokenHash: string): Promise<string> {
  await manager.query(
    `SELECT FROM users WHERE id = (SELECT user_id FROM password_resets WHERE token_hash = $1) FOR NO KEY UPDATE`,
    [tokenHash],
  );
  const [rows] = await manager.query<[{ id: string }[], number]>(
    'DELETE FROM password_resets WHERE token_hash = $1 AND expires_at > now() RETURNING user_id AS id',
    [tokenHash],
  );
  if (rows[0] === undefined) throw new ResetTokenInvalid(); // used or replaced a moment ago
  return rows[0].id;
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
