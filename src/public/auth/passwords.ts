import { hash, type Options, verify } from '@node-rs/argon2';

/** OWASP password storage cheat sheet: Argon2id with m = 19 MiB, t = 2, p = 1 as the least. */
const ARGON2ID: Options = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export function hashPassword(password: string): Promise<string> {
  return hash(normalised(password), ARGON2ID);
}

let nobody: Promise<string> | undefined;

/**
 * Checks a password. With no hash (no such user) the same work is done against a hash that fits nothing, so
 * that the time of the answer does not tell which addresses exist.
 */
export async function isPassword(password: string, passwordHash: string | undefined): Promise<boolean> {
  nobody ??= hashPassword('no account has this hash');
  const matches = await verify(passwordHash ?? (await nobody), normalised(password));
  return matches && passwordHash !== undefined;
}

/** The same keys may send a letter with its accent as one character or as two (NIST SP 800-63B, 3.1.1.2). */
function normalised(password: string): string {
  return password.normalize('NFKC');
}
