import { readFile } from 'node:fs/promises';
import { Duplex } from 'node:stream';
import type { Decrypter, Encrypter } from 'age-encryption';
import { TargetError } from '../../../files/targets.errors';

/** Begin of every file of the format age-encryption.org/v1. */
const MAGIC = Buffer.from('age-encryption.org/v1\n');

type Bytes = AsyncIterable<Uint8Array>;

/**
 * A stream that encrypts for public keys of age. The `age` tool opens the result with the identity of any of them.
 * @throws TargetError BACKUP_KEY_INVALID
 */
export async function encryptTo(recipients: readonly string[]): Promise<Duplex> {
  const { Encrypter: AgeEncrypter } = await import('age-encryption');
  const encrypter = new AgeEncrypter();
  if (recipients.length === 0)
    throw new TargetError('BACKUP_KEY_MISSING', 'Set BACKUP_RECIPIENTS to the public keys to encrypt for.');
  recipients.forEach((recipient, i) => addRecipient(encrypter, recipient, i + 1));
  return Duplex.from(async function* (source: Bytes) {
    yield* await encrypter.encrypt(webStream(source));
  });
}

/**
 * A stream that decrypts with the identities in a file, such as `age-keygen` writes. It hands on nothing that was altered; a
 * file that is cut off fails at its end, so nothing that was read may count before the stream ends well.
 * @throws TargetError BACKUP_KEY_MISSING, BACKUP_KEY_INVALID; on the stream BACKUP_KEY_WRONG, BACKUP_FILE_DAMAGED,
 * BACKUP_FILE_NOT_ENCRYPTED
 */
export async function decryptWith(identityFile: string | undefined): Promise<Duplex> {
  const identities = await readIdentities(identityFile);
  const { Decrypter: AgeDecrypter } = await import('age-encryption');
  const decrypter = new AgeDecrypter();
  for (const identity of identities) addIdentity(decrypter, identity);
  return Duplex.from((source: Bytes) => decrypted(source, decrypter));
}

/** True for the first bytes of an encrypted file; 22 of them suffice. */
export function isEncrypted(head: Uint8Array): boolean {
  return MAGIC.equals(head.subarray(0, MAGIC.length));
}

async function* decrypted(source: Bytes, decrypter: Decrypter): AsyncGenerator<Uint8Array> {
  let broken: { error: unknown } | undefined; // the source's own failure says nothing about the file
  const watched = async function* () {
    try {
      yield* startingWithMagic(source);
    } catch (error) {
      broken = { error };
      throw error;
    }
  };
  try {
    yield* await decrypter.decrypt(webStream(watched()));
  } catch (error) {
    if (broken !== undefined) throw broken.error;
    if (error instanceof Error && error.message.includes('no identity matched'))
      throw new TargetError(
        'BACKUP_KEY_WRONG',
        'No identity in BACKUP_IDENTITY_FILE opens the file: it is encrypted for other keys, or its header was altered.',
        error,
      );
    throw new TargetError('BACKUP_FILE_DAMAGED', 'The encrypted file was cut off or altered.', error);
  }
}

/** Looks at the begin first: the library would read a file without a header into memory as one long line. */
async function* startingWithMagic(source: Bytes): AsyncGenerator<Uint8Array> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of source) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < MAGIC.length) continue;
    if (!isEncrypted(head)) break;
    yield head;
    head = undefined;
  }
  if (head !== undefined)
    throw new TargetError('BACKUP_FILE_NOT_ENCRYPTED', 'The file does not begin as an age file does.');
}

async function readIdentities(file: string | undefined): Promise<string[]> {
  if (file === undefined)
    throw new TargetError('BACKUP_KEY_MISSING', 'The file is encrypted: set BACKUP_IDENTITY_FILE.');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new TargetError('BACKUP_KEY_MISSING', `BACKUP_IDENTITY_FILE, ${file}, cannot be read.`, cause);
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const identities = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (identities.length > 0) return identities;
  throw new TargetError('BACKUP_KEY_INVALID', `BACKUP_IDENTITY_FILE, ${file}, has no identity of age.`);
}

/** The library's errors may quote what they could not read, so a key is never their cause. */
function addIdentity(decrypter: Decrypter, identity: string): void {
  try {
    decrypter.addIdentity(identity);
  } catch {
    throw new TargetError(
      'BACKUP_KEY_INVALID',
      'BACKUP_IDENTITY_FILE has a line that is no identity of age, AGE-SECRET-KEY-1… or AGE-SECRET-KEY-PQ-1….',
    );
  }
}

function addRecipient(encrypter: Encrypter, recipient: string, position: number): void {
  try {
    encrypter.addRecipient(recipient);
  } catch {
    throw new TargetError(
      'BACKUP_KEY_INVALID',
      `Public key ${position} of BACKUP_RECIPIENTS is none of age.`,
    );
  }
}

function webStream(source: Bytes): ReadableStream<Uint8Array> {
  return ReadableStream.from(source);
}
