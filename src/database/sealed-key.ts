import { createCipheriv, createDecipheriv, createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';
import type { Secrets } from './secrets';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12; // recommended for GCM (NIST SP 800-38D, 5.2.1.1)
const TAG_BYTES = 16;

const SIGNING_KEYS = 'signing keys AES-256-GCM';

/** Encrypts a private key, bound to its `kid`, so that neither a dump alone nor a row under another name can sign anything. */
export function sealKey(kid: string, key: KeyObject, secrets: Secrets): string {
  return seal(SIGNING_KEYS, kid, key.export({ format: 'der', type: 'pkcs8' }), secrets);
}

/** @throws Error of `node:crypto` when the key was sealed with another secret or `kid`, or was changed */
export function openSealedKey(kid: string, text: string, secrets: Secrets): KeyObject {
  return createPrivateKey({
    key: openSealed(SIGNING_KEYS, kid, text, secrets),
    format: 'der',
    type: 'pkcs8',
  });
}

/**
 * Encrypts a secret for the database: AES-256-GCM with a key derived from `APP_SECRET`.
 * @param purpose of the key; each kind of secret has its own
 * @param name of the row, to which the result is bound
 */
export function seal(purpose: string, name: string, secret: Buffer, secrets: Secrets): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, wrappingKey(purpose, secrets), iv).setAAD(Buffer.from(name));
  const sealed = Buffer.concat([cipher.update(secret), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** @throws Error of `node:crypto` when it was sealed with another secret, purpose or name, or was changed */
export function openSealed(purpose: string, name: string, text: string, secrets: Secrets): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  const iv = bytes.subarray(0, IV_BYTES);
  const tag = bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
  const decipher = createDecipheriv(CIPHER, wrappingKey(purpose, secrets), iv, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(name))
    .setAuthTag(tag);
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
}

function wrappingKey(purpose: string, secrets: Secrets): Buffer {
  return Buffer.from(secrets.derive(purpose), 'hex');
}
