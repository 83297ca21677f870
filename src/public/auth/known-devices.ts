import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type Installation, INSTALLATION } from '../../database/installation';
import type { User } from '../users/user.entity';

const LIFETIME_DAYS = 180;
const DAY_SECONDS = 24 * 60 * 60;
const ID_BYTES = 16;

type Account = Pick<User, 'id' | 'passwordHash'>;

/**
 * Makes and recognises device tokens: proof that somebody signed in to the account on this device, with its present
 * password. It opens nothing, and only exempts from limits that strangers can use up. Nothing is stored: the token holds
 * an id, the end of its validity and a MAC of both with the account and its password hash, so a new password ends it.
 */
@Injectable()
export class KnownDevices {
  private readonly secret: string;

  constructor(@Inject(INSTALLATION) { secrets }: Installation) {
    this.secret = secrets.derive('device tokens');
  }

  issue(account: Account): string {
    const id = randomBytes(ID_BYTES).toString('base64url');
    const head = `${id}.${secondsNow() + LIFETIME_DAYS * DAY_SECONDS}`;
    return `${head}.${this.macOf(head, account)}`;
  }

  /** Returns the id of a device of this account; null for any other token, an expired one, or none. */
  idOf(token: string | undefined, account: Account | null): string | null {
    if (token === undefined || account === null) return null;
    const [id, end, mac = ''] = token.split('.');
    const expected = Buffer.from(this.macOf(`${id}.${end}`, account));
    const given = Buffer.from(mac);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    return Number(end) > secondsNow() ? id! : null; // the MAC says that there is one
  }

  private macOf(head: string, { id, passwordHash }: Account): string {
    return createHmac('sha256', this.secret).update(`${head}.${id}.${passwordHash}`).digest('base64url');
  }
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1000);
}
