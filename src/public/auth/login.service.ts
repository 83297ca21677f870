import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../http/caller.decorator';
import { Unauthenticated } from '../../common/common.errors';
import { PublicDatabase } from '../../database/control-database';
import { type AuditEvent, recordAudit } from '../../tenancy/audit-log';
import { ShopNotFound } from '../../tenancy/tenancy.errors';
import type { Principal } from '../../tenancy/tenant';
import { loginRefused, loginSucceeded, passwordChanged } from '../audit/audit-events';
import { shopsOf } from '../shops/memberships';
import { User } from '../users/user.entity';
import { getUser } from '../users/users';
import { type LoginDto, type PasswordDto, type SignInDto, toSessionDto } from './auth.dto';
import { InvalidCredentials } from './auth.errors';
import { KnownDevices } from './known-devices';
import { LoginLimits } from './login-limits';
import { hashPassword, isPassword } from './passwords';
import { removeReset } from './password-reset.service';
import { lockSession, revokeSessionsOf } from './sessions';
import { TokensService } from './tokens.service';

/** Actions that require a password. Attempts are limited; those beyond the limit are refused and not recorded. */
@Injectable()
export class LoginService {
  constructor(
    private readonly database: PublicDatabase,
    private readonly tokens: TokensService,
    private readonly limits: LoginLimits,
    private readonly devices: KnownDevices,
  ) {}

  /**
   * @throws InvalidCredentials for an unknown address and for a wrong password, after the same work;
   *   TooManyAttempts; ShopNotFound for a shop of which the user is not a member
   */
  async login({ email, password, shopId, deviceToken }: LoginDto, caller: Caller): Promise<SignInDto> {
    const found = await this.database.run((manager) => manager.findOneBy(User, { email }));
    const attempt = { email, address: caller.address, deviceId: this.devices.idOf(deviceToken, found) };
    const user = await this.limits.attempt(attempt, () => prove(password, found));
    if (user === null) {
      const reason = found === null ? 'unknown address' : 'wrong password';
      return this.refuse(loginRefused(caller, found?.id ?? null, reason));
    }
    const signer = await this.tokens.signer();
    return this.database.transaction(async (manager) => {
      await assertPasswordStands(manager, user);
      const shops = await shopsOf(manager, user.id);
      const shop = (shopId === undefined ? shops[0] : shops.find(({ id }) => id === shopId)) ?? null;
      if (shopId !== undefined && shop === null) throw new ShopNotFound();
      await recordAudit(manager, loginSucceeded(caller, user.id, shop?.id ?? null));
      const pair = await this.tokens.open(manager, signer, { userId: user.id, shopId: shop?.id ?? null });
      return { ...toSessionDto(user, pair, shops, shop), deviceToken: this.devices.issue(user) };
    });
  }

  /**
   * Changes the password, ends every session of the user, the present one included, and opens a new one. Attempts are
   * counted for the session, which is as good as a known device.
   * @throws InvalidCredentials, TooManyAttempts
   */
  async changePassword(
    { userId, sessionId, shopId }: Principal,
    { currentPassword, newPassword }: PasswordDto,
    caller: Caller,
  ): Promise<SignInDto> {
    const found = await this.database.run((manager) => getUser(manager, userId));
    const attempt = { email: found.email, address: caller.address, deviceId: sessionId };
    const user = await this.limits.attempt(attempt, () => prove(currentPassword, found));
    if (user === null) return this.refuse(loginRefused(caller, userId, 'wrong current password'));
    const passwordHash = await hashPassword(newPassword);
    const signer = await this.tokens.signer();
    return this.database.transaction(async (manager) => {
      await assertPasswordStands(manager, user);
      if (!(await lockSession(manager, sessionId))) throw new Unauthenticated(); // ended a moment ago
      await manager.update(User, { id: userId }, { passwordHash });
      await revokeSessionsOf(manager, userId);
      await removeReset(manager, userId);
      await recordAudit(manager, passwordChanged(caller, userId));
      const shops = await shopsOf(manager, userId);
      const shop = shops.find(({ id }) => id === shopId) ?? null;
      const pair = await this.tokens.open(manager, signer, { userId, shopId: shop?.id ?? null });
      const deviceToken = this.devices.issue({ ...user, passwordHash });
      return { ...toSessionDto(user, pair, shops, shop), deviceToken };
    });
  }

  private async refuse(refusal: AuditEvent): Promise<never> {
    await this.database.transaction((manager) => recordAudit(manager, refusal));
    throw new InvalidCredentials();
  }
}

/** Returns the user if the password is theirs, otherwise null. */
async function prove(password: string, user: User | null): Promise<User | null> {
  return (await isPassword(password, user?.passwordHash)) ? user : null;
}

/**
 * Locks the user's row and requires that the password is still the one that was checked: checking takes long enough for
 * somebody to change it, and a session opened afterwards would outlive the change.
 * @throws InvalidCredentials
 */
async function assertPasswordStands(manager: EntityManager, { id, passwordHash }: User): Promise<void> {
  const rows = await manager.query<unknown[]>(
    'SELECT id FROM users WHERE id = $1 AND password_hash = $2 FOR NO KEY UPDATE',
    [id, passwordHash],
  );
  if (rows.length === 0) throw new InvalidCredentials();
}
