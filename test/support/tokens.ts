import { createPrivateKey, createSign, type KeyObject } from 'node:crypto';
import { Secrets } from '../../src/database/secrets';
import { openSealedKey } from '../../src/database/sealed-key';
import type { Answer } from './api';
import type { TestDatabase } from './database';
import { problemIn } from './problem';

export const RIVALS = 20;

export function atOnce(call: () => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(Array.from({ length: RIVALS }, call));
}

/** How often each outcome came: a status, and the code of an error. */
export function tally(answers: Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const outcome = answer.status < 400 ? String(answer.status) : problemIn(answer);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

export function claimsOf(token: string) {
  return partOf(token, 1) as Record<string, unknown> & { iat: number; exp: number; sid: string };
}

export function headerOf(token: string) {
  return partOf(token, 0) as { alg: string; kid: string };
}

export function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

/** A token signed by us: `sign` makes the signature of the text in front of it. */
export function tokenOf(header: object, claims: object, sign: (text: string) => string): string {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${sign(text)}`;
}

export function es256(key: KeyObject) {
  return (text: string) =>
    createSign('sha256').update(text).sign({ key, dsaEncoding: 'ieee-p1363' }, 'base64url');
}

/** A key of the installation, which takes both its database and its secret. */
export async function signingKey(database: TestDatabase, appSecret: string, state = 'current') {
  const [row] = await database.query<{ kid: string; private_key: string }>(
    'SELECT kid, private_key FROM signing_keys WHERE state = $1',
    [state],
  );
  const { kid, private_key } = row!; // there is one in each state that a test asks for
  return { kid, key: openSealedKey(kid, private_key, new Secrets(appSecret)), sealed: private_key };
}

/** True when the text, in any form, can be read as a private key. */
export function isPrivateKey(text: string): boolean {
  const forms = [
    { key: text },
    ...(['pkcs8', 'sec1'] as const).flatMap((type) =>
      (['base64url', 'hex'] as const).map((coding) => ({
        key: Buffer.from(text, coding),
        format: 'der' as const,
        type,
      })),
    ),
  ];
  return forms.some((form) => {
    try {
      return createPrivateKey(form).type === 'private';
    } catch {
      return false;
    }
  });
}

/** Lets the uses of all refresh tokens of a user have happened so many seconds earlier. */
export async function usedEarlier(database: TestDatabase, userId: string, seconds: number): Promise<void> {
  await database.query(
    'UPDATE refresh_tokens SET used_at = used_at - make_interval(secs => $2) WHERE user_id = $1',
    [userId, seconds],
  );
}

function partOf(token: string, index: number): unknown {
  return JSON.parse(Buffer.from(token.split('.')[index]!, 'base64url').toString());
}
