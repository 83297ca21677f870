import { Secret, TOTP } from 'otpauth';
import { openSealed, seal } from '../../database/sealed-key';
import type { Secrets } from '../../database/secrets';

/** The form that authenticator apps expect (RFC 6238); the issuer is their heading. */
const FORM = { issuer: 'Stoa operators', algorithm: 'SHA1', digits: 6, period: 30 } as const;
/** RFC 4226, 4: the length of an HMAC-SHA-1. */
const SECRET_BYTES = 20;
/** Steps that a clock may be wrong by, to either side. */
const WINDOW = 1;
const PURPOSE = 'operators TOTP AES-256-GCM';

/** @returns a new secret for the app, and the same encrypted for the database */
export function newTotp(operatorId: string, email: string, secrets: Secrets) {
  const secret = new Secret({ size: SECRET_BYTES });
  const url = new TOTP({ ...FORM, label: email, secret }).toString();
  return {
    secret: secret.base32,
    url,
    sealed: seal(PURPOSE, operatorId, Buffer.from(secret.bytes), secrets),
  };
}

/** @returns the time step whose code it is, now or next to it; null for a wrong code */
export function stepOf(code: string, operatorId: string, sealed: string, secrets: Secrets): number | null {
  const bytes = openSealed(PURPOSE, operatorId, sealed, secrets);
  const totp = new TOTP({ ...FORM, secret: Secret.fromHex(bytes.toString('hex')) });
  const timestamp = Date.now();
  const delta = totp.validate({ token: code, timestamp, window: WINDOW });
  return delta === null ? null : totp.counter({ timestamp }) + delta;
}
