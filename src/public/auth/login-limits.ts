import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { ENV, type Env } from '../../config/env';
import { PublicDatabase } from '../../database/control-database';
import { type Installation, INSTALLATION } from '../../database/installation';
import { addressBlock } from './address-block';
import { TooManyAttempts } from './auth.errors';

const WINDOW_SECONDS = 15 * 60;
const HOUR_SECONDS = 60 * 60;

/** How often passwords may be tried and shops be made, whatever instance is asked. */
@Injectable()
export class LoginLimits {
  private readonly accounts: RateLimiterPostgres;
  private readonly addresses: RateLimiterPostgres;
  private readonly newShops: RateLimiterPostgres;
  private readonly keySecret: string;

  constructor(
    database: PublicDatabase,
    @Inject(ENV) env: Env,
    @Inject(INSTALLATION) { secrets }: Installation,
  ) {
    const limiter = (
      keyPrefix: string,
      points: number,
      clearExpiredByTimeout: boolean,
      duration: number = WINDOW_SECONDS,
    ) =>
      new RateLimiterPostgres({
        ...{ keyPrefix, points, duration, clearExpiredByTimeout },
        ...{ storeClient: storeOn(database), storeType: 'client' },
        ...{ tableName: 'login_limits', tableCreated: true },
      });
    this.accounts = limiter('account', env.LOGIN_ATTEMPTS_PER_ACCOUNT, true); // clears the whole table
    this.addresses = limiter('address', env.LOGIN_ATTEMPTS_PER_ADDRESS, false);
    this.newShops = limiter('new shops', env.NEW_SHOPS_PER_HOUR, false, HOUR_SECONDS);
    this.keySecret = secrets.derive('login limits');
  }

  /**
   * Tries a password. The attempt counts before `check` begins, so that guesses at the same time are bounded too;
   * it is taken back when the password was right, or could not be checked.
   * @param check null for a wrong password, whatever it proves for a right one
   * @throws TooManyAttempts; what `check` throws; the store's error, so that no guess goes uncounted
   */
  async attempt<T>(email: string, address: string, check: () => Promise<T | null>): Promise<T | null> {
    const account = this.keyOf(email);
    const block = this.keyOf(addressBlock(address));
    await consume(this.addresses, block); // first: who is stopped here cannot stop others from their account
    await consume(this.accounts, account);
    let proof: T | null;
    try {
      proof = await check();
    } catch (error) {
      await Promise.all([this.addresses.reward(block), this.accounts.reward(account)]);
      throw error;
    }
    if (proof !== null) await Promise.all([this.addresses.reward(block), this.accounts.delete(account)]);
    return proof;
  }

  /**
   * Counts a sign-up, before its password is hashed.
   * @throws TooManyAttempts when the address has made too many accounts within an hour
   */
  async countSignUp(address: string): Promise<void> {
    await consume(this.newShops, this.keyOf(addressBlock(address)));
  }

  /** Counts a further shop. @throws TooManyAttempts when the user has added too many within an hour */
  async countShop(userId: string): Promise<void> {
    await consume(this.newShops, this.keyOf(userId));
  }

  /** Neither addresses of people nor of their machines are kept in a form that can be read. */
  private keyOf(text: string): string {
    return createHmac('sha256', this.keySecret).update(text).digest('hex');
  }
}

async function consume(limiter: RateLimiterPostgres, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error;
    throw new TooManyAttempts({ retryAfter: Math.max(1, Math.ceil(error.msBeforeNext / 1000)) });
  }
}

/** The part of `pg` that the limiter asks for. Each query is a transaction of its own and stays, whatever follows. */
function storeOn(database: PublicDatabase) {
  return {
    query: ({ text, values }: { text: string; values: unknown[] }) =>
      database.transaction(async (manager) => {
        const { records, affected } = await manager.queryRunner!.query(text, values, true); // always inside one
        return { rows: records, rowCount: affected ?? 0 };
      }),
  };
}
