import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Unauthenticated } from '../../common/common.errors';
import { newId } from '../../common/ids';
import { isUniqueViolation } from '../../common/sqlstate';
import { PublicDatabase } from '../../database/control-database';
import { ProvisioningService } from '../../tenancy/provisioning.service';
import { ShopNotFound } from '../../tenancy/tenancy.errors';
import type { Principal } from '../../tenancy/tenant';
import { type ShopDto, toShopDto } from '../shops/shops.dto';
import { shopsOf } from '../shops/memberships';
import { User } from '../users/user.entity';
import { type LoginDto, type MeDto, type RegisterDto, type SessionDto, toUserDto } from './auth.dto';
import { EmailTaken, InvalidCredentials, RefreshTokenInvalid } from './auth.errors';
import { hashPassword, isPassword } from './passwords';
import { type TokenPair, TokensService } from './tokens.service';

/** Sign-up, sign-in, and the tokens of both. */
@Injectable()
export class AuthService {
  constructor(
    private readonly database: PublicDatabase,
    private readonly provisioning: ProvisioningService,
    private readonly tokens: TokensService,
  ) {}

  /** Makes the account, its first shop and its tokens in one transaction, so a failed call can be repeated. */
  async register({ email, password, name, shop: wanted }: RegisterDto): Promise<SessionDto> {
    const account = {
      id: newId(),
      email,
      name: name ?? email.split('@')[0]!,
      passwordHash: await hashPassword(password),
    };
    if (wanted === undefined) {
      return this.database.transaction(async (manager) => {
        const user = await insertUser(manager, account);
        return session(user, await this.tokens.issue(manager, user.id, null), [], null);
      });
    }
    return this.provisioning.transaction(async (manager, provision) => {
      const user = await insertUser(manager, account);
      const shop = toShopDto(await provision({ ...wanted, owner: account }), 'owner');
      return session(user, await this.tokens.issue(manager, user.id, shop.id), [shop], shop);
    });
  }

  /** @throws InvalidCredentials for an unknown address and for a wrong password alike, after the same work */
  async login({ email, password, shopId }: LoginDto): Promise<SessionDto> {
    const user = await this.database.run((manager) => manager.findOneBy(User, { email }));
    if (!(await isPassword(password, user?.passwordHash)) || user === null) throw new InvalidCredentials();
    return this.open(user.id, shopId ?? null);
  }

  /** A pair of tokens for another of my shops. */
  switchShop({ userId }: Principal, shopId: string): Promise<SessionDto> {
    return this.open(userId, shopId);
  }

  /** The next pair of the same login. A shop that the user has left since is left out of it. */
  async refresh(refreshToken: string): Promise<SessionDto> {
    const next = await this.database.transaction(async (manager) => {
      const used = await this.tokens.use(manager, refreshToken);
      if (used === null) return null; // thrown outside, so that a revocation is kept
      const user = await getUser(manager, used.userId);
      const shops = await shopsOf(manager, user.id);
      const shop = shops.find(({ id }) => id === used.shopId) ?? null;
      const pair = await this.tokens.issue(manager, user.id, shop?.id ?? null, used.familyId);
      return session(user, pair, shops, shop);
    });
    if (next === null) throw new RefreshTokenInvalid();
    return next;
  }

  logout(refreshToken: string): Promise<void> {
    return this.tokens.revoke(refreshToken);
  }

  me({ userId, shopId }: Principal): Promise<MeDto> {
    return this.database.run(async (manager) => {
      const user = await getUser(manager, userId);
      const shops = await shopsOf(manager, userId);
      return { user: toUserDto(user), shop: shops.find(({ id }) => id === shopId) ?? null, shops };
    });
  }

  /** @param shopId null: the only shop of a user who has one, else none */
  private open(userId: string, shopId: string | null): Promise<SessionDto> {
    return this.database.transaction(async (manager) => {
      const user = await getUser(manager, userId);
      const shops = await shopsOf(manager, userId);
      const only = shops.length === 1 ? shops[0]!.id : null; // length checked
      const chosen = shops.find(({ id }) => id === (shopId ?? only)) ?? null;
      if (shopId !== null && chosen === null) throw new ShopNotFound();
      return session(user, await this.tokens.issue(manager, userId, chosen?.id ?? null), shops, chosen);
    });
  }
}

async function getUser(manager: EntityManager, id: string): Promise<User> {
  const user = await manager.findOneBy(User, { id });
  if (user === null) throw new Unauthenticated();
  return user;
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

function session(user: User, tokens: TokenPair, shops: ShopDto[], shop: ShopDto | null): SessionDto {
  return { ...tokens, user: toUserDto(user), shop, shops };
}
