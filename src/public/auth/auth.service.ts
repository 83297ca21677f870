import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../http/caller.decorator';
import { newId } from '../../common/ids';
import { isUniqueViolation } from '../../common/sqlstate';
import { PublicDatabase } from '../../database/control-database';
import { recordAudit } from '../../tenancy/audit-log';
import { ProvisioningService } from '../../tenancy/provisioning.service';
import { ShopNotFound } from '../../tenancy/tenancy.errors';
import type { Principal } from '../../tenancy/tenant';
import { loginSucceeded, shopCreated } from '../audit/audit-events';
import { createShop } from '../shops/create-shop';
import { shopsOf } from '../shops/memberships';
import { type ShopDto, toShopDto } from '../shops/shops.dto';
import { User } from '../users/user.entity';
import { getUser } from '../users/users';
import {
  type MeDto,
  type RegisterDto,
  type SessionDto,
  type SignInDto,
  type SwitchDto,
  toSessionDto,
  toUserDto,
} from './auth.dto';
import { EmailTaken, RefreshTokenInvalid } from './auth.errors';
import { KnownDevices } from './known-devices';
import { LoginLimits } from './login-limits';
import { hashNewPassword } from './passwords';
import { TokensService } from './tokens.service';

/** Sign-up, and the tokens of signed-in users. */
@Injectable()
export class AuthService {
  constructor(
    private readonly database: PublicDatabase,
    private readonly provisioning: ProvisioningService,
    private readonly tokens: TokensService,
    private readonly limits: LoginLimits,
    private readonly devices: KnownDevices,
  ) {}

  /** Creates the account, its first shop and its tokens in one transaction, so a failed call can be repeated. */
  async register({ email, password, name, shop: wanted }: RegisterDto, caller: Caller): Promise<SignInDto> {
    await this.limits.countSignUp(caller.address);
    const userId = newId();
    const passwordHash = await hashNewPassword(password);
    const account = { id: userId, email, name: name ?? email.split('@')[0]!, passwordHash };
    const deviceToken = this.devices.issue(account);
    const signer = await this.tokens.signer();
    const signIn = async (manager: EntityManager, shopId: string | null) => {
      await recordAudit(manager, loginSucceeded(caller, userId, shopId));
      return this.tokens.open(manager, signer, { userId, shopId });
    };
    if (wanted === undefined) {
      return this.database.transaction(async (manager) => {
        const user = await insertUser(manager, account);
        return { ...toSessionDto(user, await signIn(manager, null), [], null), deviceToken };
      });
    }
    return this.provisioning.transaction(async (manager) => {
      const user = await insertUser(manager, account);
      const created = await createShop(manager, this.provisioning, { ...wanted, owner: account });
      const shop = toShopDto(created, 'owner');
      await recordAudit(manager, shopCreated(caller, userId, shop.id));
      return { ...toSessionDto(user, await signIn(manager, shop.id), [shop], shop), deviceToken };
    });
  }

  /** Issues the next pair of the same session, without a shop that the user has left since. */
  refresh(refreshToken: string, caller: Caller): Promise<SessionDto> {
    return this.next(
      refreshToken,
      caller,
      (holder, shops) => shops.find(({ id }) => id === holder.shopId) ?? null,
    );
  }

  logout(refreshToken: string): Promise<void> {
    return this.tokens.revoke(refreshToken);
  }

  /**
   * Issues the next pair of a session, for another of the user's shops. Requires the refresh token, so that a session stays
   * one chain, in which a stolen token is noticed; an access token alone would start a second chain.
   */
  switchShop(
    { userId }: Principal,
    { shopId, refreshToken }: SwitchDto,
    caller: Caller,
  ): Promise<SessionDto> {
    return this.next(refreshToken, caller, (holder, shops) => {
      if (holder.userId !== userId) throw new RefreshTokenInvalid();
      const shop = shops.find(({ id }) => id === shopId);
      if (shop === undefined) throw new ShopNotFound();
      return shop;
    });
  }

  me({ userId, shopId }: Principal): Promise<MeDto> {
    return this.database.run(async (manager) => {
      const user = await getUser(manager, userId);
      const shops = await shopsOf(manager, userId);
      return { user: toUserDto(user), shop: shops.find(({ id }) => id === shopId) ?? null, shops };
    });
  }

  /**
   * Consumes a refresh token and issues the next pair.
   * @param choose returns the shop of that pair, out of the user's shops; if it throws, the token stays unused
   */
  private async next(
    refreshToken: string,
    caller: Caller,
    choose: (holder: Principal, shops: ShopDto[]) => ShopDto | null,
  ): Promise<SessionDto> {
    const signer = await this.tokens.signer();
    const next = await this.database.transaction(async (manager) => {
      const used = await this.tokens.use(manager, refreshToken, caller);
      if (used === null) return null; // the error is thrown outside, so that a revocation is committed
      const { holder, successor } = used;
      const user = await getUser(manager, holder.userId);
      const shops = await shopsOf(manager, user.id);
      const shop = choose(holder, shops);
      const principal = { ...holder, shopId: shop?.id ?? null };
      return toSessionDto(user, await this.tokens.issue(manager, signer, principal, successor), shops, shop);
    });
    if (next === null) throw new RefreshTokenInvalid();
    return next;
  }
}

type Account = Pick<User, 'id' | 'email' | 'name' | 'passwordHash'>;

async function insertUser(manager: EntityManager, account: Account): Promise<User> {
  try {
    await manager.insert(User, account);
  } catch (error) {
    if (isUniqueViolation(error)) throw new EmailTaken({ cause: error });
    throw error;
  }
  return manager.findOneByOrFail(User, { id: account.id });
}
