import { createCipheriv, createDecipheriv, createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';
import type { Secrets } from './secrets';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12; // recommended for GCM (NIST SP 800-38D, 5.2.1.1)
const TAG_BYTES = 16;

/**
 * Encrypts a private key for the database: AES-256-GCM with a key derived from `APP_SECRET`, bound to the `kid`, so that
 * neither a dump alone nor a row under another name can sign anything.
 */
export function sealKey(kid: string, key: KeyObject, secrets: Secrets): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, wrappingKey(secrets), iv).setAAD(Buffer.from(kid));
  const der = key.export({ format: 'der', type: 'pkcs8' });
  const sealed = Buffer.concat([cipher.update(der), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** @throws Error of `node:crypto` when the key was sealed with another secret or `kid`, or was changed */
export function openSealedKey(kid: string, text: string, secrets: Secrets): KeyObject {
  const bytes = Buffer.from(text, 'base64url');
  const iv = bytes.subarray(0, IV_BYTES);
  const tag = bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
  const decipher = createDecipheriv(CIPHER, wrappingKey(secrets), iv, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(kid))
    .setAuthTag(tag);
  const key = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

function wrappingKey(secrets: Secrets): Buffer {
  return Buffer.from(secrets.derive('signing keys AES-256-GCM'), 'hex');
}
