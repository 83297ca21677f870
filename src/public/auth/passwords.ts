import { availableParallelism } from 'node:os';
import { hash, type Options, verify } from '@node-rs/argon2';
import { Gate } from '../../common/gate';

/** OWASP password storage cheat sheet: Argon2id with m = 19 MiB, t = 2, p = 1 as the least. */
const ARGON2ID: Options = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Each of these keeps a core busy for tens of milliseconds, and 19 MiB: who comes last is sent away. */
const MAX_WAITING = 100;
const gate = new Gate(availableParallelism(), MAX_WAITING);
/** Sign-ups wait in a line of their own, so that a flood of them keeps nobody from signing in. */
const signUpGate = new Gate(Math.max(1, Math.floor(availableParallelism() / 2)), MAX_WAITING);

/** @throws Overloaded when too many passwords wait to be hashed or checked already */
export function hashPassword(password: string): Promise<string> {
  return gate.run(() => hash(normalised(password), ARGON2ID));
}

/** The same for a sign-up. @throws Overloaded */
export function hashNewPassword(password: string): Promise<string> {
  return signUpGate.run(() => hash(normalised(password), ARGON2ID));
}

let nobody: Promise<string> | undefined;

/**
 * Checks a password. With no hash (no such user) the same work is done against a hash that fits nothing, so
 * that the time of the answer does not tell which addresses exist.
 * @throws Overloaded when too many passwords wait to be hashed or checked already
 */
export async function isPassword(password: string, passwordHash: string | undefined): Promise<boolean> {
  nobody ??= hash('no account has this hash', ARGON2ID); // past the gate: a refusal would be remembered
  const against = passwordHash ?? (await nobody);
  const matches = await gate.run(() => verify(against, normalised(password)));
  return matches && passwordHash !== undefined;
}

/** The same keys may send a letter with its accent as one character or as two (NIST SP 800-63B, 3.1.1.2). */
function normalised(password: string): string {
  return password.normalize('NFKC');
}
