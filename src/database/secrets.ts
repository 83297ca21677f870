import { createHash, createHmac, hkdfSync, pbkdf2Sync, randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { OperatorError } from '../common/report';
import type { Env } from '../config/env';

/** Derives all secrets from one text, so that several instances agree by sharing one variable. */
export class Secrets {
  constructor(private readonly root: string) {}

  /** @returns 64 hex digits, different for each purpose */
  derive(purpose: string): string {
    return Buffer.from(hkdfSync('sha256', this.root, 'stoa', purpose, 32)).toString('hex');
  }
}

/** `APP_SECRET`, or a secret that is generated once and kept in `DATA_DIR/app.secret`. */
export function openSecrets(env: Env): Secrets {
  return new Secrets(env.APP_SECRET ?? keptSecret(path.join(env.DATA_DIR, 'app.secret')));
}

/**
 * The same secrets without creating the file. If there is none, they are those of no installation, and no login that needs
 * them succeeds.
 */
export function existingSecrets(env: Env): Secrets {
  const file = path.join(env.DATA_DIR, 'app.secret');
  const isKnown = env.APP_SECRET !== undefined || existsSync(file);
  return isKnown ? openSecrets(env) : new Secrets(randomBytes(32).toString('hex'));
}

/** Secrets of the admin login: separate, so that a process that knows APP_SECRET need not be able to log in as admin. */
export function adminSecrets(env: Env, secrets: Secrets): Secrets {
  return env.ADMIN_SECRET === undefined ? secrets : new Secrets(env.ADMIN_SECRET);
}

/**
 * Reads a secret file, or creates it (mode 0600). Safe when several processes start at once.
 * @throws OperatorError when DATA_DIR is not writable: this is the first access to it
 */
export function keptSecret(file: string): string {
  try {
    return readOrMake(file);
  } catch (cause) {
    throw new OperatorError(`Set DATA_DIR to a folder that can be written: ${path.dirname(file)} cannot.`, {
      cause,
    });
  }
}

function readOrMake(file: string): string {
  if (!existsSync(file)) {
    mkdirSync(path.dirname(file), { recursive: true });
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, randomBytes(32).toString('hex'), { mode: 0o600 });
    try {
      linkSync(draft, file); // fails if another process was first; its secret is used
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }
  return readFileSync(file, 'utf8').trim();
}

const SCRAM_ITERATIONS = 4096; // PostgreSQL's default, scram_iterations

/**
 * SCRAM-SHA-256 verifier of a password, as PostgreSQL stores it (RFC 5803): `ALTER ROLE` with a verifier never writes
 * the password itself into a server log.
 */
export function scramVerifier(password: string): string {
  return verifierWith(password, randomBytes(16), SCRAM_ITERATIONS);
}

/** Checks a password against a verifier as PostgreSQL stores it. */
export function isVerifierOf(password: string, verifier: string): boolean {
  const [, iterations, salt] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$/.exec(verifier) ?? [];
  if (iterations === undefined || salt === undefined) return false; // such as md5
  return verifierWith(password, Buffer.from(salt, 'base64'), Number(iterations)) === verifier;
}

function verifierWith(password: string, salt: Buffer, iterations: number): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  const serverKey = hmac('Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
