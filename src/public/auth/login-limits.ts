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
const DAY_SECONDS = 24 * HOUR_SECONDS;

/** Attempt to prove a password. */
interface Attempt {
  /** Separates accounts and addresses of one kind from those of another; absent for users. */
  realm?: string;
  email: string;
  /** Network address of the client. */
  address: string;
  /** Id of a known device of the account (known-devices.ts), or of a live session; null for an unknown device. */
  deviceId: string | null;
}

interface Counter {
  limiter: RateLimiterPostgres;
  key: string;
  /** Counts attempts of others too, so that a right password refunds only its own attempt. */
  isShared: boolean;
}

/** Limits how often passwords may be tried and shops be created, across all instances. */
@Injectable()
export class LoginLimits {
  private readonly addresses: RateLimiterPostgres;
  private readonly pairs: RateLimiterPostgres;
  private readonly accounts: RateLimiterPostgres;
  private readonly devices: RateLimiterPostgres;
  private readonly newShops: RateLimiterPostgres;
  private readonly keySecret: string;

  constructor(
    database: PublicDatabase,
    @Inject(ENV) env: Env,
    @Inject(INSTALLATION) { secrets }: Installation,
  ) {
    const limiter = (keyPrefix: string, points: number, duration: number = WINDOW_SECONDS) =>
      new RateLimiterPostgres({
        ...{ keyPrefix, points, duration },
        ...{ storeClient: storeOn(database), storeType: 'client' },
        ...{ tableName: 'login_limits', tableCreated: true },
        clearExpiredByTimeout: keyPrefix === 'address', // one deletes the expired rows of the whole table
      });
    this.addresses = limiter('address', env.LOGIN_ATTEMPTS_PER_ADDRESS);
    this.pairs = limiter('account at address', env.LOGIN_ATTEMPTS_PER_ACCOUNT);
    this.accounts = limiter('account in a day', env.LOGIN_ATTEMPTS_PER_DAY, DAY_SECONDS);
    this.devices = limiter('device', env.LOGIN_ATTEMPTS_PER_ACCOUNT);
    this.newShops = limiter('new shops', env.NEW_SHOPS_PER_HOUR, HOUR_SECONDS);
    this.keySecret = secrets.derive('login limits');
  }

  /**
   * Tries a password. The attempt is counted before `check` begins, so that concurrent guesses are limited too; it is
   * refunded if the password was right or could not be checked. A known device has no limit but its own, which strangers
   * cannot use up: docs/decisions/0025-login-limits.md.
   * @param check returns null for a wrong password, and any proof for a right one
   * @throws TooManyAttempts; errors of `check`; errors of the store, so that no guess goes uncounted
   */
  async attempt<T>(attempt: Attempt, check: () => Promise<T | null>): Promise<T | null> {
    const counters = this.countersOf(attempt);
    for (const { limiter, key } of counters) await consume(limiter, key);
    let proof: T | null;
    try {
      proof = await check();
    } catch (error) {
      await Promise.all(counters.map(({ limiter, key }) => limiter.reward(key)));
      throw error;
    }
    if (proof !== null)
      await Promise.all(
        counters.map(({ limiter, key, isShared }) => (isShared ? limiter.reward(key) : limiter.delete(key))),
      );
    return proof;
  }

  /** Counts a wrong token for a new password. @throws TooManyAttempts */
  async countWrongToken(address: string): Promise<void> {
    await consume(this.addresses, this.keyOf(addressBlock(address)));
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

  /** Counters of an attempt, in this order: a blocked address must not use up the attempts of accounts. */
  private countersOf({ realm, email, address, deviceId }: Attempt): Counter[] {
    if (deviceId !== null) return [{ limiter: this.devices, key: this.keyOf(deviceId), isShared: false }];
    const block = addressBlock(address);
    const keyOf = (text: string) => this.keyOf(realm === undefined ? text : `${realm} ${text}`);
    return [
      { limiter: this.addresses, key: keyOf(block), isShared: true },
      { limiter: this.pairs, key: keyOf(`${block} ${email}`), isShared: false },
      { limiter: this.accounts, key: keyOf(email), isShared: true },
    ];
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
