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

/** Limits how often passwords may be tried and shops be created, across all instances. */
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
    this.accounts = limiter('account', env.LOGIN_ATTEMPTS_PER_ACCOUNT, true); // deletes expired rows of the whole table
    this.addresses = limiter('address', env.LOGIN_ATTEMPTS_PER_ADDRESS, false);
    this.newShops = limiter('new shops', env.NEW_SHOPS_PER_HOUR, false, HOUR_SECONDS);
    this.keySecret = secrets.derive('login limits');
  }

  /**
   * Tries a password. The attempt is counted before `check` begins, so that concurrent guesses are limited too; it is
   * refunded if the password was right or could not be checked.
   * @param check returns null for a wrong password, and any proof for a right one
   * @throws TooManyAttempts; errors of `check`; errors of the store, so that no guess goes uncounted
   */
  async attempt<T>(email: string, address: string, check: () => Promise<T | null>): Promise<T | null> {
    const account = this.keyOf(email);
    const block = this.keyOf(addressBlock(address));
    await consume(this.addresses, block); // first: a blocked address must not use up the attempts of accounts
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
   * @throws TooManyAttempts if the address has made too many accounts within an hour
   */
  async countSignUp(address: string): Promise<void> {
    await consume(this.newShops, this.keyOf(addressBlock(address)));
  }

  /** Counts a further shop. @throws TooManyAttempts if the user has added too many within an hour */
  async countShop(userId: string): Promise<void> {
    await consume(this.newShops, this.keyOf(userId));
  }

  /** Hashes an e-mail or IP address, so that the table holds neither in readable form. */
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

/** Offers the part of `pg` that the limiter uses. Each query is a transaction of its own and stays, whatever follows. */
function storeOn(database: PublicDatabase) {
  return {
    query: ({ text, values }: { text: string; values: unknown[] }) =>
      database.transaction(async (manager) => {
        const { records, affected } = await manager.queryRunner!.query(text, values, true); // always set inside a transaction
        return { rows: records, rowCount: affected ?? 0 };
      }),
  };
}
