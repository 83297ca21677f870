import { createPublicKey, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type Times, TIMES } from '../../config/times';
import { PublicDatabase } from '../../database/control-database';
import { type Installation, INSTALLATION } from '../../database/installation';
import { openSealedKey } from '../../database/sealed-key';
import { SigningKey } from './signing-key.entity';

/** Lifetime of the cache: a rotation is noticed after this long at the latest. */
export const KEY_CACHE_MS = 5000;
/** Shortest interval between reads for an unknown `kid`, which anybody can send. */
const UNKNOWN_MS = 1000;

interface Keys {
  readAt: number;
  signing: { kid: string; privateKey: KeyObject };
  checking: Map<string, KeyObject>;
  published: SigningKey[];
}

/** Signing keys of the installation, cached for a few seconds. */
@Injectable()
export class KeyRing {
  private readonly keptMs: number;
  private keys: Keys | undefined;
  private reading: Promise<Keys> | undefined;

  constructor(
    private readonly database: PublicDatabase,
    @Inject(INSTALLATION) private readonly installation: Installation,
    @Inject(TIMES) { keyCacheMs = KEY_CACHE_MS }: Times,
  ) {
    this.keptMs = keyCacheMs;
  }

  /** Returns the key that signs at present. */
  async current(): Promise<{ kid: string; privateKey: KeyObject }> {
    return (await this.notOlderThan(this.keptMs)).signing;
  }

  /** Returns the public key with this id; undefined if there is none, or no longer. */
  async find(kid: string): Promise<KeyObject | undefined> {
    const known = (await this.notOlderThan(this.keptMs)).checking.get(kid);
    return known ?? (await this.notOlderThan(UNKNOWN_MS)).checking.get(kid);
  }

  /** Returns the keys for verifying our tokens, including the next one. */
  async published(): Promise<SigningKey[]> {
    return (await this.notOlderThan(this.keptMs)).published;
  }

  private notOlderThan(ms: number): Keys | Promise<Keys> {
    if (this.keys !== undefined && performance.now() - this.keys.readAt < ms) return this.keys;
    this.reading ??= this.read().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async read(): Promise<Keys> {
    const readAt = performance.now(); // before the query: the cache expires early rather than late
    const keys = await this.database.run((manager) =>
      manager.find(SigningKey, { order: { createdAt: 'DESC' } }),
    );
    const current = keys.find(({ state }) => state === 'current');
    if (current === undefined) throw new Error('public.signing_keys has no current key');
    const { kid, privateKey } = current;
    this.keys = {
      readAt,
      signing: { kid, privateKey: openSealedKey(kid, privateKey, this.installation.secrets) },
      checking: new Map(keys.map((key) => [key.kid, createPublicKey({ key: key.publicJwk, format: 'jwk' })])),
      published: keys,
    };
    return this.keys;
  }
}
