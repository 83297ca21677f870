import { availableParallelism } from 'node:os';
import { hash, type Options, verify } from '@node-rs/argon2';
import { Semaphore } from '../../common/semaphore';

/** OWASP password storage cheat sheet: Argon2id with m = 19 MiB, t = 2, p = 1 at least. */
const ARGON2ID: Options = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Each hash keeps a core busy for tens of milliseconds and 19 MiB in use, so the queue is bounded. */
const MAX_WAITING = 100;
const semaphore = new Semaphore(availableParallelism(), MAX_WAITING);
/** Sign-ups have a queue of their own, so that a flood of them does not block logins. */
const signUpSemaphore = new Semaphore(Math.max(1, Math.floor(availableParallelism() / 2)), MAX_WAITING);

/** @throws Overloaded if too many passwords are waiting to be hashed or checked */
export function hashPassword(password: string): Promise<string> {
  return semaphore.run(() => hash(normalised(password), ARGON2ID));
}

/** Hashes the password of a sign-up. @throws Overloaded if too many sign-ups are waiting */
export function hashNewPassword(password: string): Promise<string> {
  return signUpSemaphore.run(() => hash(normalised(password), ARGON2ID));
}

let nobody: Promise<string> | undefined;

/**
 * Checks a password. Without a hash (no such user, or one whom a restore has invited), does the same work against a hash that matches nothing, so that
 * the response time does not reveal which addresses exist.
 * @throws Overloaded if too many passwords are waiting to be hashed or checked
 */
export async function isPassword(password: string, stored: string | undefined): Promise<boolean> {
  nobody ??= hash('no account has this hash', ARGON2ID); // not through the semaphore: a refusal would be cached
  const passwordHash = stored?.startsWith('$') === true ? stored : undefined;
  const against = passwordHash ?? (await nobody);
  const matches = await semaphore.run(() => verify(against, normalised(password)));
  return matches && passwordHash !== undefined;
}

/** Keyboards may send an accented letter as one character or as two (NIST SP 800-63B, 3.1.1.2). */
function normalised(password: string): string {
  return password.normalize('NFKC');
}
