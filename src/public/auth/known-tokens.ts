import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { AccessDirectory } from '../../tenancy/access-directory';
import type { Principal } from '../../tenancy/tenant';
import { KeyRing } from './key-ring';

/** About half a kilobyte each: they are found by a digest. */
const ENTRIES = 20_000;

interface KnownToken {
  principal: Principal;
  /** The key that it was signed with. */
  kid: string;
  /** Seconds since 1970. */
  expiresAt: number;
}

/**
 * Access tokens that have been checked, so that a signature is verified once a token and not once a request (0.07 ms
 * of the process's only thread). What may change since is looked at each time: that it has
 * not expired, that its key is still one of ours, that its session is live.
 */
@Injectable()
export class KnownTokens {
  private readonly known = new LRUCache<string, KnownToken>({ max: ENTRIES });

  constructor(
    private readonly keys: KeyRing,
    private readonly access: AccessDirectory,
  ) {}

  /** @param header value of `Authorization`, whose token has just been found good */
  remember(header: string, token: KnownToken): void {
    this.known.set(digestOf(header), token);
  }

  /**
   * Whose token it is; undefined for one that must be checked, and then answered, in full.
   * @throws DatabaseUnavailable when key or session cannot be looked up
   */
  async find(header: string): Promise<Principal | undefined> {
    const digest = digestOf(header);
    const token = this.known.get(digest);
    if (token === undefined) return undefined;
    const { principal, kid, expiresAt } = token;
    const isGood =
      Math.floor(Date.now() / 1000) < expiresAt && // as jsonwebtoken compares them
      (await this.keys.find(kid)) !== undefined &&
      (await this.access.isLive(principal));
    if (isGood) return { ...principal }; // whoever gets it may keep it
    this.known.delete(digest);
    return undefined;
  }
}

function digestOf(header: string): string {
  return hash('sha256', header, 'base64');
}
